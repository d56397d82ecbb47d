import { answerJson, retryAfter } from './answer-json.ts';
import { unquotedKey } from './idempotency-key.ts';
import { startAndDescribe } from './job-operations.ts';
import { startJob } from './operations.ts';
import { readJsonBody } from './read-body.ts';
import { type Routes, route } from './route.ts';

/** Handing a job over. */
export const startRoutes: Routes = (options) => [
  route(startJob, async (asked) => {
    const key = asked.headers['Idempotency-Key'];
    const idempotency_key = key === undefined ? null : unquotedKey(key);
    const body = await readJsonBody(asked.request);
    const begun_ms = options.ports.clock.now();
    const job = await startAndDescribe(options, { owner: asked.owner, idempotency_key, body });
    const replayed = Date.parse(job.started_at) < begun_ms ? { 'idempotency-replayed': 'true' } : {};
    const where = { location: job.status_url, 'operation-location': job.status_url };
    return answerJson(asked, job, job.terminal ? 200 : 202, { ...where, ...retryAfter(job), ...replayed });
  }),
];
