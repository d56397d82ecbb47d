import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { listEvents } from '../flow/list-events.ts';
import { answerJson } from './answer-json.ts';
import type { ApiEnv, ApiOptions, DoctorCheck } from './api-options.ts';
import { describeKind } from './describe-kind.ts';
import { answer, answersOf, bodyNamed } from './describe-route.ts';
import { readOptions } from './read-options.ts';
import { doctorRequestSchema, eventsQuery, noQuery } from './request-schemas.ts';

const events = createRoute({
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  tags: ['events'],
  summary: 'Read your inbox, oldest first',
  description:
    'At least once, never skipping one. Go on from `next_cursor`; with `wait_seconds` an empty answer is held until an event comes.',
  request: { query: eventsQuery },
  responses: answersOf({ 200: answer('One page.', 'EventPage') }),
});

const kinds = createRoute({
  method: 'get',
  path: '/v1/kinds',
  operationId: 'listKinds',
  tags: ['server'],
  summary: 'List the sorts of jobs there are',
  request: { query: noQuery },
  responses: answersOf({ 200: answer('All of them.', 'KindList') }),
});

const health = createRoute({
  method: 'get',
  path: '/health',
  operationId: 'health',
  tags: ['server'],
  summary: 'See that the server answers',
  request: { query: noQuery },
  responses: answersOf({ 200: answer('It does.', 'Health') }),
});

const doctor = createRoute({
  method: 'post',
  path: '/v1/doctor',
  operationId: 'doctor',
  tags: ['server'],
  summary: 'Check every connection and target',
  request: { query: noQuery, ...bodyNamed('DoctorRequest', false) },
  responses: answersOf({ 200: answer('What was seen, good or bad.', 'DoctorReport') }, ['BODY_TOO_LARGE']),
});

/** Adds the inbox, and the routes that speak of the server itself; `/v1/doctor` only where there is one. */
export function addServerRoutes(app: OpenAPIHono<ApiEnv>, options: ApiOptions): void {
  const { ports, settings, version, engine, open_health = false } = options;
  app.openapi(events, async (c) => {
    const { cursor = null, limit, wait_seconds } = c.req.valid('query');
    return answerJson(
      c,
      await listEvents(ports, settings, { owner: c.get('owner'), cursor, limit, wait_ms: wait_seconds * 1000 }),
    );
  });
  app.openapi(kinds, (c) => answerJson(c, { kinds: [...settings.kinds.values()].map(describeKind) }));
  app.openapi(open_health ? { ...health, security: [] } : health, (c) => answerJson(c, { ok: true, version, engine }));
  if (options.doctor !== undefined) addDoctor(app, options.doctor);
}

function addDoctor(app: OpenAPIHono<ApiEnv>, look: (options: { send_test: boolean }) => Promise<DoctorCheck[]>): void {
  app.openapi(doctor, async (c) => {
    const { send_test } = await readOptions(c.req, doctorRequestSchema);
    return answerJson(c, { checks: await look({ send_test }) });
  });
}
