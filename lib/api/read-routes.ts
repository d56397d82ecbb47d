import { getJob } from '../flow/get-job.ts';
import { listEvents } from '../flow/list-events.ts';
import { type AddRoutes, addRoute } from './add-route.ts';
import { answer } from './answer.ts';
import { answerJson, retryAfter } from './answer-json.ts';
import { entityTagOf, noneMatches, phaseToldBy } from './entity-tag.ts';
import { pageOfJobs } from './job-operations.ts';
import * as operations from './operations.ts';

/** Adds reading jobs, one and many, and the inbox. */
export const addReadRoutes: AddRoutes = (app, options) => {
  const { ports, settings } = options;
  addRoute(app, operations.getJob, async (c, { query }) => {
    const known = c.req.header('if-none-match');
    const job = await getJob(ports, settings, {
      owner: c.get('owner'),
      job_id: c.req.param('job_id') ?? '',
      wait_ms: query.wait_seconds * 1000,
      told_phase: phaseToldBy(known),
    });
    const etag = entityTagOf(job);
    const headers = { etag, ...retryAfter(job) };
    return noneMatches(known, etag) ? answer(c, null, 304, headers) : answerJson(c, job, 200, headers);
  });

  addRoute(app, operations.listJobs, async (c, { query }) =>
    answerJson(c, await pageOfJobs(options, { owner: c.get('owner'), ...query })),
  );

  addRoute(app, operations.listEvents, async (c, { query }) => {
    const { cursor = null, limit, wait_seconds } = query;
    const call = { owner: c.get('owner'), cursor, limit, wait_ms: wait_seconds * 1000 };
    return answerJson(c, await listEvents(ports, settings, call));
  });
};
