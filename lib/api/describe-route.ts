import type { createRoute } from '@hono/zod-openapi';
import type { ErrorCode } from '../core/errors.ts';
import type { SchemaName } from './json-schemas.ts';
import { problemContentType, problemKinds } from './problem.ts';

type Responses = Parameters<typeof createRoute>[0]['responses'];
type Answer = Responses[string];
type Header = { description: string; schema: { type: 'string' | 'integer' } };

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

const headersNamed = (names: readonly (keyof typeof headers)[]): Record<string, Header> => ({
  ...always,
  ...Object.fromEntries(names.map((name) => [name, headers[name]])),
});

/** A body by its name in `components.schemas`: described, and read by the route itself. */
export const bodyNamed = (name: SchemaName, required: boolean) => ({
  body: { required, content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } },
});

/** A good answer: its body by name, and the headers it may carry. */
export const answer = (
  description: string,
  name: SchemaName | null,
  with_headers: readonly (keyof typeof headers)[] = [],
): Answer => ({
  description,
  headers: headersNamed(with_headers),
  ...(name === null ? {} : { content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } } }),
});

const everywhere: readonly ErrorCode[] = ['INVALID_REQUEST', 'UNAUTHENTICATED', 'PERMISSION_DENIED', 'INTERNAL_ERROR'];

/** All answers of a route: its good ones, its own errors, and those any route can give. */
export function answersOf(good: Record<number, Answer>, codes: readonly ErrorCode[] = []): Record<number, Answer> {
  const all: Record<number, Answer> = { ...good };
  const byStatus = Map.groupBy([...new Set([...everywhere, ...codes])], (code) => problemKinds[code].status);
  for (const [status, grouped] of byStatus) {
    const names: (keyof typeof headers)[] = [
      ...(grouped.includes('UNAUTHENTICATED') ? (['WWW-Authenticate'] as const) : []),
      ...(grouped.some((code) => problemKinds[code].retryable) ? (['Retry-After'] as const) : []),
    ];
    all[status] = {
      description: grouped.map((code) => `\`${code}\`: ${problemKinds[code].title}.`).join(' '),
      headers: headersNamed(names),
      content: { [problemContentType]: { schema: { $ref: '#/components/schemas/Problem' } } },
    };
  }
  return all;
}
