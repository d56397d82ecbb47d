import { type AddRoutes, addRoute } from './add-route.ts';
import { answerJson, retryAfter } from './answer-json.ts';
import { unquotedKey } from './idempotency-key.ts';
import { startAndDescribe } from './job-operations.ts';
import { startJob } from './operations.ts';
import { readJsonBody } from './read-body.ts';

/** Adds handing a job over. */
export const addStartRoute: AddRoutes = (app, options) =>
  addRoute(app, startJob, async (c, { headers }) => {
    const key = headers['Idempotency-Key'];
    const idempotency_key = key === undefined ? null : unquotedKey(key);
    const body = await readJsonBody(c.req);
    const begun_ms = options.ports.clock.now();
    const job = await startAndDescribe(options, { owner: c.get('owner'), idempotency_key, body });
    const replayed = Date.parse(job.started_at) < begun_ms ? { 'idempotency-replayed': 'true' } : {};
    const where = { location: job.status_url, 'operation-location': job.status_url };
    return answerJson(c, job, job.terminal ? 200 : 202, { ...where, ...retryAfter(job), ...replayed });
  });
