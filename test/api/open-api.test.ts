import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { errorCodes } from '../../lib/core/errors.ts';
import { adoptBody, answers, startBody } from '../support/world.ts';
import { apiWorld } from './api-world.ts';

const object = z.record(z.string(), z.unknown());
const operation = z.looseObject({
  operationId: z.string(),
  summary: z.string(),
  tags: z.array(z.string()).min(1),
  parameters: z
    .array(
      z.strictObject({
        name: z.string(),
        in: z.enum(['path', 'query', 'header']),
        required: z.boolean(),
        schema: object,
        description: z.string().optional(),
      }),
    )
    .default([]),
  requestBody: z
    .strictObject({
      required: z.boolean(),
      content: z.strictObject({ 'application/json': z.strictObject({ schema: z.strictObject({ $ref: z.string() }) }) }),
    })
    .optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), headers: object, content: object.optional() }),
  ),
});
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.0'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })).length(1),
  security: z.array(object).min(1),
  webhooks: z.strictObject({}).optional(),
  paths: z.record(z.string().startsWith('/'), z.record(z.enum(['get', 'post']), operation.optional())),
  components: z.strictObject({
    schemas: z.record(z.string(), object),
    securitySchemes: object,
    parameters: object.optional(),
  }),
});

const everything = { doctor: () => Promise.resolve([]) };
const described = async (options = everything) =>
  documentSchema.parse((await apiWorld(options).send('/v1/openapi.json')).body);
const operationsOf = (document: z.infer<typeof documentSchema>) =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, one]) => (one === undefined ? [] : [{ path, method, ...one }])),
  );
const refsIn = (value: unknown): string[] =>
  [...JSON.stringify(value).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? '');

describe('GET /v1/openapi.json', () => {
  it('describes every route and no other', async () => {
    for (const options of [everything, {} as typeof everything]) {
      const served = apiWorld(options)
        // MCP describes itself: tools/list.
        .routes.filter(({ path }) => path !== '/mcp')
        .map(({ method, path }) => `${method} ${path}`);
      const told = operationsOf(await described(options)).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
      expect(told.sort()).toEqual(served.sort());
    }
  });

  it('refers to what it holds, and holds nothing that is not referred to', async () => {
    const document = await described();
    const refs = new Set(refsIn(document));
    expect([...refs].sort()).toEqual(
      Object.keys(document.components.schemas)
        .map((name) => `#/components/schemas/${name}`)
        .sort(),
    );
  });

  it('names each operation once, and every parameter of its path', async () => {
    const operations = operationsOf(await described());
    expect(new Set(operations.map((one) => one.operationId)).size).toBe(operations.length);
    for (const { path, parameters } of operations)
      expect(parameters.filter((one) => one.in === 'path').map((one) => `{${one.name}}`)).toEqual(
        path.match(/\{\w+\}/g) ?? [],
      );
  });

  it('tells every error code somewhere, with problem+json and a request id everywhere', async () => {
    const operations = operationsOf(await described());
    const text = JSON.stringify(operations);
    // Nothing answers CONFLICT yet; an unknown route is no operation.
    for (const code of errorCodes.filter((one) => one !== 'CONFLICT' && one !== 'ROUTE_NOT_FOUND'))
      expect(text).toContain(`\`${code}\``);
    for (const { responses } of operations)
      for (const [status, response] of Object.entries(responses)) {
        expect(response.headers).toHaveProperty('X-Request-Id');
        const type = Object.keys(response.content ?? {});
        expect(type).toEqual(
          status === '304' ? [] : Number(status) < 400 ? ['application/json'] : ['application/problem+json'],
        );
      }
  });

  it('tells the headers a caller relies on', async () => {
    const { paths } = await described();
    expect(Object.keys(paths['/v1/jobs']?.post?.responses['202']?.headers ?? {})).toEqual([
      'X-Request-Id',
      'Location',
      'Operation-Location',
      'Idempotency-Replayed',
      'Retry-After',
    ]);
    expect(Object.keys(paths['/v1/jobs/{job_id}']?.get?.responses['304']?.headers ?? {})).toEqual([
      'X-Request-Id',
      'ETag',
      'Retry-After',
    ]);
    expect(paths['/v1/jobs']?.post?.responses['401']?.headers).toHaveProperty('WWW-Authenticate');
    expect(paths['/v1/jobs']?.post?.responses['429']?.headers).toHaveProperty('Retry-After');
    expect(paths['/v1/jobs']?.post?.parameters.map((one) => one.name)).toEqual(['Idempotency-Key']);
  });

  it('tells ranges and defaults of the query', async () => {
    const { paths } = await described();
    const limit = paths['/v1/events']?.get?.parameters.find((one) => one.name === 'limit');
    expect(limit).toMatchObject({
      in: 'query',
      required: false,
      schema: { type: 'integer', minimum: 1, maximum: 100, default: 20 },
    });
    const wait = paths['/v1/jobs/{job_id}']?.get?.parameters.find((one) => one.name === 'wait_seconds');
    expect(wait?.schema).toMatchObject({ type: 'integer', minimum: 0, maximum: 25, default: 0 });
  });

  it('describes bodies that real ones fit, and that strangers do not', async () => {
    const { components } = await described();
    const fits = (name: string, value: unknown): boolean => {
      const text = JSON.stringify({ $ref: `#/components/schemas/${name}`, $defs: components.schemas });
      return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'))).safeParse(value)
        .success;
    };
    const api = apiWorld();
    api.remote.status = () => answers({ state: 'ROLLING_BACK', progress: 12.5, figures: { p95: [1, null] } });
    const job = (await api.post('/v1/jobs', startBody())).body;
    for (const body of [startBody(), adoptBody(), startBody({ labels: { a: 'b' } })])
      expect(fits('StartRequest', body)).toBe(true);
    expect(fits('StartRequest', startBody({ labels: 3 }))).toBe(false);
    expect(fits('StartRequest', startBody({ strange: 3 }))).toBe(false);
    expect(fits('JobDescriptor', job)).toBe(true);
    expect(fits('JobDescriptor', { ...(job as object), phase: 'odd' })).toBe(false);
    expect(fits('JobDescriptor', { ...(job as object), odd: 1 })).toBe(false);
    expect(fits('EventPage', (await api.send('/v1/events')).body)).toBe(true);
    expect(fits('KindList', (await api.send('/v1/kinds')).body)).toBe(true);
    expect(fits('Problem', (await api.send('/v1/none')).body)).toBe(true);
  });

  it('says how to authenticate on each engine, and what is open', async () => {
    expect(Object.keys((await described()).components.securitySchemes)).toEqual(['bearer']);
    const aws = apiWorld({ engine: 'aws', open_health: true });
    const document = documentSchema.parse((await aws.send('/v1/openapi.json')).body);
    expect(Object.keys(document.components.securitySchemes)).toEqual(['sigv4', 'bearer']);
    expect(document.paths['/health']?.get?.['security']).toEqual([]);
    expect(document.paths['/v1/jobs']?.get).not.toHaveProperty('security');
  });
});
