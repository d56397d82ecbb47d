import type { Handle, Job } from '../core/job.ts';
import type { Look } from '../core/look.ts';
import { lookAtEach } from './look-at-each.ts';
import { type LookPorts, lookOnce } from './look-once.ts';

/** One look at a job as claimed: at its one remote side, or at each of its ids. */
export const lookAtJob = (ports: LookPorts, job: Job, handle: Handle, budget_ms: number): Promise<Look> =>
  job.spec.kind.each === undefined
    ? lookOnce(ports, job, handle, budget_ms)
    : lookAtEach(ports, job, { handle, each: job.spec.kind.each }, budget_ms);
