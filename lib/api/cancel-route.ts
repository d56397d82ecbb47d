import { type AddRoutes, addRoute } from './add-route.ts';
import { answerJson, retryAfter } from './answer-json.ts';
import { cancelAndDescribe } from './job-operations.ts';
import { cancelJob } from './operations.ts';
import { cancelSwitches } from './parameters.ts';
import { readOptions } from './read-options.ts';

/** Adds cancelling a job. */
export const addCancelRoute: AddRoutes = (app, options) =>
  addRoute(app, cancelJob, async (c) => {
    const { remote } = await readOptions(c.req, cancelSwitches);
    const call = { owner: c.get('owner'), job_id: c.req.param('job_id') ?? '', remote };
    const job = await cancelAndDescribe(options, call);
    return answerJson(c, job, job.terminal ? 200 : 202, retryAfter(job));
  });
