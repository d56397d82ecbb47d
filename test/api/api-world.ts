import { expect } from 'vitest';
import { z } from 'zod';
import { allRoutes } from '../../lib/api/all-routes.ts';
import {
  doctorReportSchema,
  eventPageSchema,
  healthSchema,
  jobPageSchema,
  kindListSchema,
  openApiDocumentSchema,
  problemSchema,
} from '../../lib/api/answer-schemas.ts';
import type { ApiOptions, Log } from '../../lib/api/api-options.ts';
import { headerOf } from '../../lib/api/api-request.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { describeApi } from '../../lib/api/describe-api.ts';
import { descriptorSchema } from '../../lib/api/descriptor-schema.ts';
import { loadMcp } from '../../lib/api/load-mcp.ts';
import { RequestError } from '../../lib/core/errors.ts';
import { fetchOf } from '../support/fetch-of.ts';
import { type World, world } from '../support/world.ts';

type Sent = { method?: string; body?: unknown; headers?: Record<string, string>; as?: string };

/** An answer, read, its form already checked. */
export type Got = { status: number; headers: Headers; text: string; body: unknown };

/** What each route answers with when all is well; strict, so that nothing undocumented slips out. */
const answersOf: [method: string, path: RegExp, schema: z.ZodType][] = [
  ['POST', /^\/v1\/jobs$/, descriptorSchema],
  ['GET', /^\/v1\/jobs$/, jobPageSchema],
  ['GET', /^\/v1\/jobs\/[^/]+$/, descriptorSchema],
  ['POST', /^\/v1\/jobs\/[^/]+\/cancel$/, descriptorSchema],
  ['GET', /^\/v1\/events$/, eventPageSchema],
  ['GET', /^\/v1\/kinds$/, kindListSchema],
  ['GET', /^\/v1\/openapi.json$/, openApiDocumentSchema],
  ['POST', /^\/v1\/doctor$/, doctorReportSchema],
  ['GET', /^\/health$/, healthSchema],
];

const responses = z.looseObject({ responses: z.record(z.string(), z.unknown()) });
const documentSchema = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), responses)) });
const documentOf = (options: ApiOptions) => documentSchema.parse(describeApi(options));

/** The API over a world in memory; the caller is whom `x-owner` names. Every answer's form is checked as it is read. */
export function apiWorld(options: Partial<ApiOptions> = {}, given: World = world()) {
  const logged: Parameters<Log>[] = [];
  const all: ApiOptions = {
    ports: given.ports,
    settings: given.settings,
    engine: 'embedded',
    mcp: loadMcp,
    version: '0.0.0-test',
    ownerOf: (request) => {
      const owner = headerOf(request, 'x-owner');
      if (owner === undefined) throw new RequestError('UNAUTHENTICATED', 'no credentials came with the request');
      if (owner === 'nobody') throw new RequestError('PERMISSION_DENIED', 'these credentials open nothing here');
      return owner;
    },
    log: (...entry) => void logged.push(entry),
    ...options,
  };
  const fetch = fetchOf(createApi(all, allRoutes));
  const routes = allRoutes.flatMap((some) => some(all)).map(({ method, path }) => ({ method, path }));
  const documented = Object.entries(documentOf(all).paths);
  /** Every status a test meets on a route must be one its description names. */
  function expectDocumented(method: string, path: string, status: number): void {
    const [, found] =
      documented.find(([one]) => new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path)) ?? [];
    const operation = found?.[method.replace('HEAD', 'GET').toLowerCase()];
    if (operation !== undefined) expect(Object.keys(operation.responses)).toContain(String(status));
  }
  const fetched = async (request: Request): Promise<Got> => {
    const response = await fetch(request);
    const { pathname } = new URL(request.url);
    expectDocumented(request.method, pathname, response.status);
    return read(request.method, pathname, response);
  };
  const send = (path: string, { method = 'GET', body, headers = {}, as = 'me' }: Sent = {}): Promise<Got> =>
    fetched(
      new Request(`http://127.0.0.1:4646${path}`, {
        method,
        headers: { 'x-owner': as, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
    );
  return {
    ...given,
    fetch,
    /** What is served; paths with `{names}`. */
    routes,
    logged,
    send,
    fetched,
    post: (path: string, body?: unknown, rest: Sent = {}): Promise<Got> =>
      send(path, { ...rest, method: 'POST', body }),
  };
}
export type ApiWorld = ReturnType<typeof apiWorld>;

async function read(method: string, path: string, response: Response): Promise<Got> {
  const text = await response.text();
  const { status, headers } = response;
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-request-id')).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
  if (status === 304 || method === 'HEAD') {
    expect(text).toBe('');
    return { status, headers, text, body: undefined };
  }
  const body: unknown = JSON.parse(text);
  if (status < 400) {
    expect(headers.get('content-type')).toBe('application/json');
    const schema = answersOf.find(([one, pattern]) => one === method && pattern.test(path))?.[2];
    if (schema === undefined) throw new Error(`no schema for ${method} ${path}`);
    schema.parse(body);
  } else {
    expect(headers.get('content-type')).toBe('application/problem+json');
    const problem = problemSchema.parse(body);
    expect(problem.status).toBe(status);
    expect(problem.request_id).toBe(headers.get('x-request-id'));
  }
  return { status, headers, text, body };
}

/** The descriptor an answer carries. */
export const jobIn = (got: Got): z.infer<typeof descriptorSchema> => descriptorSchema.parse(got.body);
/** The problem an answer carries. */
export const problemIn = (got: Got): z.infer<typeof problemSchema> => problemSchema.parse(got.body);
