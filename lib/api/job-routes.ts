import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import { getJob } from '../flow/get-job.ts';
import { answerJson, retryAfter } from './answer-json.ts';
import type { ApiEnv, ApiOptions } from './api-options.ts';
import { answer, answersOf, bodyNamed } from './describe-route.ts';
import { entityTagOf, noneMatches, phaseToldBy } from './entity-tag.ts';
import { unquotedKey } from './idempotency-key.ts';
import { cancelAndDescribe, pageOfJobs, startAndDescribe } from './job-operations.ts';
import { readJsonBody } from './read-body.ts';
import { readOptions } from './read-options.ts';
import { cancelRequestSchema, jobPath, listQuery, noQuery, startHeaders, waitQuery } from './request-schemas.ts';

const tags = ['jobs'];
const whereHeaders = ['Location', 'Operation-Location', 'Idempotency-Replayed'] as const;

const start = createRoute({
  method: 'post',
  path: '/v1/jobs',
  operationId: 'startJob',
  tags,
  summary: 'Hand a job over',
  description:
    'With `input` the job is started, with `handle` one that already runs is adopted; exactly one of them. It is then checked until it is done.',
  request: { query: noQuery, headers: startHeaders, ...bodyNamed('StartRequest', true) },
  responses: answersOf(
    {
      200: answer(
        'It had ended by then, or the idempotency key belongs to a job that has.',
        'JobDescriptor',
        whereHeaders,
      ),
      202: answer('It runs and is watched.', 'JobDescriptor', [...whereHeaders, 'Retry-After']),
    },
    [
      'BODY_TOO_LARGE',
      'START_REJECTED',
      'FIRST_CHECK_FAILED',
      'TARGET_NOT_ALLOWED',
      'IDEMPOTENCY_KEY_REUSED',
      'TOO_MANY_ACTIVE_JOBS',
      'UNAVAILABLE',
    ],
  ),
});

const get = createRoute({
  method: 'get',
  path: '/v1/jobs/{job_id}',
  operationId: 'getJob',
  tags,
  summary: 'Read a job',
  description:
    'With `wait_seconds` the answer is held until the job is terminal or becomes `blocked` or `failing`, else to the end of the window. A phase that you know does not end the wait: the one your `If-None-Match` names, or without it the one when the call came. 304 answers who knows it all.',
  request: { params: jobPath, query: waitQuery },
  responses: answersOf(
    {
      200: answer('The job, running or not.', 'JobDescriptor', ['ETag', 'Retry-After']),
      304: answer('Nothing worth reading has changed.', null, ['ETag', 'Retry-After']),
    },
    ['JOB_NOT_FOUND'],
  ),
});

const list = createRoute({
  method: 'get',
  path: '/v1/jobs',
  operationId: 'listJobs',
  tags,
  summary: 'List your jobs, newest first',
  request: { query: listQuery },
  responses: answersOf({ 200: answer('One page.', 'JobPage') }),
});

const cancel = createRoute({
  method: 'post',
  path: '/v1/jobs/{job_id}/cancel',
  operationId: 'cancelJob',
  tags,
  summary: 'Cancel a job',
  description:
    'Asks the remote system to end it and watches until it has; with `"remote": false` only the watching ends. A job that has ended is returned as it is.',
  request: { params: jobPath, query: noQuery, ...bodyNamed('CancelRequest', false) },
  responses: answersOf(
    {
      200: answer('It has ended.', 'JobDescriptor'),
      202: answer('The wish is noted; it still runs.', 'JobDescriptor', ['Retry-After']),
    },
    ['JOB_NOT_FOUND', 'BODY_TOO_LARGE'],
  ),
});

/** Adds the routes of jobs: start, read, list, cancel. */
export function addJobRoutes(app: OpenAPIHono<ApiEnv>, options: ApiOptions): void {
  const { ports, settings } = options;
  app.openapi(start, async (c) => {
    const key = c.req.valid('header')['Idempotency-Key'];
    const idempotency_key = key === undefined ? null : unquotedKey(key);
    const body = await readJsonBody(c.req);
    const begun_ms = ports.clock.now();
    const job = await startAndDescribe(options, { owner: c.get('owner'), idempotency_key, body });
    const known = Date.parse(job.started_at) < begun_ms;
    const where = { location: job.status_url, 'operation-location': job.status_url };
    return answerJson(c, job, job.terminal ? 200 : 202, {
      ...where,
      ...retryAfter(job),
      ...(known ? { 'idempotency-replayed': 'true' } : {}),
    });
  });

  app.openapi(get, async (c) => {
    const { job_id } = c.req.valid('param');
    const { wait_seconds } = c.req.valid('query');
    const known = c.req.header('if-none-match');
    const call = { owner: c.get('owner'), job_id, wait_ms: wait_seconds * 1000, told_phase: phaseToldBy(known) };
    const job = await getJob(ports, settings, call);
    const etag = entityTagOf(job);
    const headers = { etag, ...retryAfter(job) };
    return noneMatches(known, etag) ? c.body(null, 304, headers) : answerJson(c, job, 200, headers);
  });

  app.openapi(list, async (c) => {
    return answerJson(c, await pageOfJobs(options, { owner: c.get('owner'), ...c.req.valid('query') }));
  });

  app.openapi(cancel, async (c) => {
    const { job_id } = c.req.valid('param');
    const { remote } = await readOptions(c.req, cancelRequestSchema);
    const job = await cancelAndDescribe(options, { owner: c.get('owner'), job_id, remote });
    return answerJson(c, job, job.terminal ? 200 : 202, retryAfter(job));
  });
}
