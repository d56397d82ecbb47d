import { asAbout } from '../core/about.ts';
import type { Tree } from '../core/jmespath.ts';
import type { Handle, Job } from '../core/job.ts';
import type { Look } from '../core/look.ts';
import { progressAt } from '../core/looked-at.ts';
import type { Observation } from '../core/observation.ts';
import { asksForProgress, whereByNow } from '../core/progress.ts';
import { verdictOf } from '../core/verdict.ts';
import type { Ports } from '../ports.ts';
import { callRemote } from './call-remote.ts';

/** Who looks, and at what time. */
export type LookPorts = Pick<Ports, 'transports' | 'clock'>;

/** The status, then, if the job goes on and it is time for it, the progress. Never in parallel, never after the end. */
export async function lookOnce(ports: LookPorts, job: Job, handle: Handle, budget_ms: number): Promise<Look> {
  const begun_ms = ports.clock.now();
  const { spec } = job;
  const { kind } = spec;
  const observation = asAbout(kind.about, handle, await callRemote(ports, spec, kind.status, handle, budget_ms));
  const verdict = verdictOf(kind.acceptors, observation);
  const warnings = 'warning' in verdict && verdict.warning !== undefined ? { warnings: [verdict.warning] } : {};
  const body = readableBody(observation, verdict.type === 'failed_check');
  if (verdict.type !== 'going') return { verdict, body, progress_pct: null, ...warnings };
  const rest_ms = budget_ms - (ports.clock.now() - begun_ms);
  const shown =
    kind.progress === null || rest_ms < 1000
      ? body
      : asksForProgress(job)
        ? readableBody(await callRemote(ports, spec, kind.progress, handle, rest_ms), false)
        : undefined;
  const by_now = whereByNow(job, ports.clock.now());
  const progress_pct = shown === undefined ? null : progressAt(shown, kind.paths.progress, kind.progress_scale, by_now);
  return { verdict, body, progress_pct, ...warnings };
}

/** The body worth keeping: a failed check must not overwrite what was seen before. */
const readableBody = (observation: Observation, failed: boolean): Tree | undefined =>
  observation.answered && !failed ? observation.body : undefined;
