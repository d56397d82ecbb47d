import { getJob } from '../flow/get-job.ts';
import { listEvents } from '../flow/list-events.ts';
import { answer } from './answer.ts';
import { answerJson, retryAfter } from './answer-json.ts';
import { headerOf } from './api-request.ts';
import { entityTagOf, noneMatches, phaseToldBy } from './entity-tag.ts';
import { pageOfJobs } from './job-operations.ts';
import * as operations from './operations.ts';
import { type Routes, route } from './route.ts';

/** Reading jobs, one and many, and the inbox. */
export const readRoutes: Routes = (options) => {
  const { ports, settings } = options;
  return [
    route(operations.getJob, async (asked) => {
      const known = headerOf(asked.request, 'if-none-match');
      const job = await getJob(ports, settings, {
        owner: asked.owner,
        job_id: asked.parameters['job_id'] ?? '',
        wait_ms: asked.query.wait_seconds * 1000,
        told_phase: phaseToldBy(known),
      });
      const etag = entityTagOf(job);
      const headers = { etag, ...retryAfter(job) };
      return noneMatches(known, etag) ? answer(asked, null, 304, headers) : answerJson(asked, job, 200, headers);
    }),

    route(operations.listJobs, async (asked) =>
      answerJson(asked, await pageOfJobs(options, { owner: asked.owner, ...asked.query })),
    ),

    route(operations.listEvents, async (asked) => {
      const { cursor = null, limit, wait_seconds } = asked.query;
      const call = { owner: asked.owner, cursor, limit, wait_ms: wait_seconds * 1000 };
      return answerJson(asked, await listEvents(ports, settings, call));
    }),
  ];
};
