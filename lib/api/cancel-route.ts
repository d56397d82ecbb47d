import { answerJson, retryAfter } from './answer-json.ts';
import { cancelAndDescribe } from './job-operations.ts';
import { cancelJob } from './operations.ts';
import { cancelSwitches } from './parameters.ts';
import { readOptions } from './read-options.ts';
import { type Routes, route } from './route.ts';

/** Cancelling a job. */
export const cancelRoutes: Routes = (options) => [
  route(cancelJob, async (asked) => {
    const { remote } = await readOptions(asked.request, cancelSwitches);
    const call = { owner: asked.owner, job_id: asked.parameters['job_id'] ?? '', remote };
    const job = await cancelAndDescribe(options, call);
    return answerJson(asked, job, job.terminal ? 200 : 202, retryAfter(job));
  }),
];
