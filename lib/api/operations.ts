import type { ErrorCode } from '../core/errors.ts';
import type { HeaderName } from './describe-operation.ts';
import type { SchemaName } from './json-schemas.ts';
import { eventsQuery, listQuery, noParameters, type Parameters, startHeaders, waitQuery } from './parameters.ts';

/** One route as it is served, and as `/v1/openapi.json` describes it: plain data, so that serving needs no schema library. */
export type Operation = {
  method: 'get' | 'post';
  /** With `{names}` of path parameters. */
  path: string;
  operationId: string;
  tag: 'jobs' | 'events' | 'server';
  summary: string;
  description?: string;
  query: Parameters;
  headers?: Parameters;
  body?: { name: SchemaName; required: boolean };
  answers: Readonly<Record<number, Answer>>;
  /** Beyond those that any route can answer with. */
  errors?: readonly ErrorCode[];
};

/** A good answer: its body by name in `components.schemas`, and the headers it may carry. */
export type Answer = { description: string; body: SchemaName | null; headers?: readonly HeaderName[] };

const whereHeaders = ['Location', 'Operation-Location', 'Idempotency-Replayed'] as const;

export const startJob = {
  method: 'post',
  path: '/v1/jobs',
  operationId: 'startJob',
  tag: 'jobs',
  summary: 'Hand a job over',
  description:
    'With `input` the job is started, with `handle` one that already runs is adopted; exactly one of them. It is then checked until it is done.',
  query: noParameters,
  headers: startHeaders,
  body: { name: 'StartRequest', required: true },
  answers: {
    200: {
      description: 'It had ended by then, or the idempotency key belongs to a job that has.',
      body: 'JobDescriptor',
      headers: whereHeaders,
    },
    202: {
      description: 'It runs and is watched.',
      body: 'JobDescriptor',
      headers: [...whereHeaders, 'Retry-After'],
    },
  },
  errors: [
    'BODY_TOO_LARGE',
    'START_REJECTED',
    'FIRST_CHECK_FAILED',
    'TARGET_NOT_ALLOWED',
    'IDEMPOTENCY_KEY_REUSED',
    'TOO_MANY_ACTIVE_JOBS',
    'UNAVAILABLE',
  ],
} as const satisfies Operation;

export const getJob = {
  method: 'get',
  path: '/v1/jobs/{job_id}',
  operationId: 'getJob',
  tag: 'jobs',
  summary: 'Read a job',
  description:
    'With `wait_seconds` the answer is held until the job is terminal or becomes `blocked` or `failing`, else to the end of the window. A phase that you know does not end the wait: the one your `If-None-Match` names, or without it the one when the call came. 304 answers who knows it all.',
  query: waitQuery,
  answers: {
    200: { description: 'The job, running or not.', body: 'JobDescriptor', headers: ['ETag', 'Retry-After'] },
    304: { description: 'Nothing worth reading has changed.', body: null, headers: ['ETag', 'Retry-After'] },
  },
  errors: ['JOB_NOT_FOUND'],
} as const satisfies Operation;

export const listJobs = {
  method: 'get',
  path: '/v1/jobs',
  operationId: 'listJobs',
  tag: 'jobs',
  summary: 'List your jobs, newest first',
  query: listQuery,
  answers: { 200: { description: 'One page.', body: 'JobPage' } },
} as const satisfies Operation;

export const cancelJob = {
  method: 'post',
  path: '/v1/jobs/{job_id}/cancel',
  operationId: 'cancelJob',
  tag: 'jobs',
  summary: 'Cancel a job',
  description:
    'Asks the remote system to end it and watches until it has; with `"remote": false` only the watching ends. A job that has ended is returned as it is.',
  query: noParameters,
  body: { name: 'CancelRequest', required: false },
  answers: {
    200: { description: 'It has ended.', body: 'JobDescriptor' },
    202: { description: 'The wish is noted; it still runs.', body: 'JobDescriptor', headers: ['Retry-After'] },
  },
  errors: ['JOB_NOT_FOUND', 'BODY_TOO_LARGE'],
} as const satisfies Operation;

export const listEvents = {
  method: 'get',
  path: '/v1/events',
  operationId: 'listEvents',
  tag: 'events',
  summary: 'Read your inbox, oldest first',
  description:
    'At least once, never skipping one. Go on from `next_cursor`; with `wait_seconds` an empty answer is held until an event comes.',
  query: eventsQuery,
  answers: { 200: { description: 'One page.', body: 'EventPage' } },
} as const satisfies Operation;

export const listKinds = {
  method: 'get',
  path: '/v1/kinds',
  operationId: 'listKinds',
  tag: 'server',
  summary: 'List the sorts of jobs there are',
  query: noParameters,
  answers: { 200: { description: 'All of them.', body: 'KindList' } },
} as const satisfies Operation;

export const health = {
  method: 'get',
  path: '/health',
  operationId: 'health',
  tag: 'server',
  summary: 'See that the server answers',
  query: noParameters,
  answers: { 200: { description: 'It does.', body: 'Health' } },
} as const satisfies Operation;

export const doctor = {
  method: 'post',
  path: '/v1/doctor',
  operationId: 'doctor',
  tag: 'server',
  summary: 'Check every connection and target',
  query: noParameters,
  body: { name: 'DoctorRequest', required: false },
  answers: { 200: { description: 'What was seen, good or bad.', body: 'DoctorReport' } },
  errors: ['BODY_TOO_LARGE'],
} as const satisfies Operation;

export const openApi = {
  method: 'get',
  path: '/v1/openapi.json',
  operationId: 'openApi',
  tag: 'server',
  summary: 'Read this description',
  query: noParameters,
  answers: { 200: { description: 'OpenAPI 3.1.', body: 'OpenApiDocument' } },
} as const satisfies Operation;

/** Every operation, in the order of the document. `/mcp` is none: MCP describes itself. */
export const operations: readonly Operation[] = [
  startJob,
  getJob,
  listJobs,
  cancelJob,
  listEvents,
  listKinds,
  health,
  doctor,
  openApi,
];
