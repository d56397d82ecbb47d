import type * as z from 'zod';
import type { startRequestSchema } from '../../core/start-request.ts';
import { apiJobs } from '../api-jobs.ts';
import { codesOfStart } from '../exit-codes.ts';
import { handOver } from '../hand-over.ts';
import type { Jobs } from './jobs.ts';

/** What an action hands over: the body of `POST /v1/jobs`, to be started (`input`) or only watched (`handle`). */
export type HandOver = {
  request: z.input<typeof startRequestSchema>;
  /** The same key is the same job, however often the command is repeated. Without one every call is a job of its own. */
  idempotency_key?: string;
};

/**
 * Jobs that untildone watches, on this machine (`untildone serve`) or anywhere else. `endpoint` is where it is unless
 * `UNTILDONE_ENDPOINT` says otherwise; the token is `UNTILDONE_TOKEN`'s, and requests to API Gateway are signed.
 */
export const untildoneJobs = ({ endpoint }: { endpoint?: string } = {}): Jobs<HandOver> => ({
  source: apiJobs,
  start_codes: codesOfStart,
  env: endpoint === undefined ? {} : { UNTILDONE_ENDPOINT: endpoint },
  begin: (context, { request, idempotency_key }) => handOver(context, { body: request, idempotency_key, inDoubt }),
});

const inDoubt = (idempotency_key: string): string =>
  `It may have been accepted, and repeating the command would start another: look for it first (its key is ${idempotency_key}).`;
