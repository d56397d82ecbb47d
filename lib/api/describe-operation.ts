import type { ErrorCode } from '../core/errors.ts';
import { jobIdPattern } from '../core/job.ts';
import type { SchemaName } from './json-schemas.ts';
import type { Answer, Operation } from './operations.ts';
import type { Parameters } from './parameters.ts';
import { problemContentType, problemKinds } from './problem.ts';

type Header = { description: string; schema: { type: 'string' | 'integer' } };
type Response = { description: string; headers: Record<string, Header>; content?: object };

const text = (description: string): Header => ({ description, schema: { type: 'string' } });
const always = { 'X-Request-Id': text('Names this request in our log; taken over from the request where it had one.') };

/** Headers an answer may carry, described once. */
const headers = {
  'Retry-After': { description: 'Seconds until asking again is worth it.', schema: { type: 'integer' } },
  Location: text('The absolute URL of the job.'),
  'Operation-Location': text('The absolute URL of the job, for clients of the Azure long-running-operation guideline.'),
  'Idempotency-Replayed': text('`true` when the idempotency key found a job that was there before this request.'),
  ETag: text('Weak; changes with status, phase, reason and progress only.'),
  'WWW-Authenticate': text('`Bearer`.'),
} as const satisfies Record<string, Header>;
/** A header that an answer may carry. */
export type HeaderName = keyof typeof headers;

const headersNamed = (names: readonly HeaderName[]): Record<string, Header> => ({
  ...always,
  ...Object.fromEntries(names.map((name) => [name, headers[name]])),
});
const schemaNamed = (name: SchemaName) => ({ schema: { $ref: `#/components/schemas/${name}` } });

/** An operation in OpenAPI's words; an open one is served to anybody. */
export function describeOperation(
  { path, operationId, tag, summary, ...operation }: Operation,
  { open }: { open: boolean },
): object {
  const { description, body, answers, errors = [] } = operation;
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => pathParameter(name)),
    ...described(operation.query, 'query'),
    ...described(operation.headers ?? {}, 'header'),
  ];
  const content = body === undefined ? undefined : { 'application/json': schemaNamed(body.name) };
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: body.required, content } }),
    ...(open ? { security: [] } : {}),
    responses: responsesOf(answers, errors),
  };
}

/** Not judged where it is read: a malformed id is as unknown as any other. */
const pathParameter = (name: string) => {
  const description = `Matches ${jobIdPattern.source}`;
  return { schema: { type: 'string', description }, required: true, description, name, in: 'path' };
};

const described = (parameters: Parameters, where: 'query' | 'header') =>
  Object.entries(parameters).map(([name, { schema, description }]) => {
    const says = description === undefined ? {} : { description };
    return { schema: { ...schema, ...says }, required: false, ...says, name, in: where };
  });

const everywhere: readonly ErrorCode[] = ['INVALID_REQUEST', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'INTERNAL_ERROR'];

/** All answers of an operation: its good ones, its own errors, and those any route can give. */
function responsesOf(answers: Readonly<Record<number, Answer>>, errors: readonly ErrorCode[]): object {
  const all: Record<number, Response> = {};
  for (const [status, { description, body, headers: names = [] }] of Object.entries(answers))
    all[Number(status)] = {
      description,
      headers: headersNamed(names),
      ...(body === null ? {} : { content: { 'application/json': schemaNamed(body) } }),
    };
  const byStatus = Map.groupBy([...new Set([...everywhere, ...errors])], (code) => problemKinds[code].status);
  for (const [status, codes] of byStatus) all[status] = problemOf(codes);
  return all;
}

const problemOf = (codes: readonly ErrorCode[]): Response => ({
  description: codes.map((code) => `\`${code}\`: ${problemKinds[code].title}.`).join(' '),
  headers: headersNamed([
    ...(codes.includes('UNAUTHENTICATED') ? (['WWW-Authenticate'] as const) : []),
    ...(codes.some((code) => problemKinds[code].retryable) ? (['Retry-After'] as const) : []),
  ]),
  content: { [problemContentType]: schemaNamed('Problem') },
});
