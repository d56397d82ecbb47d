import { redirectsNamed } from '../core/acceptors.ts';
import type { Look } from '../core/decide.ts';
import { isToolCall } from '../core/is-tool-call.ts';
import type { Tree } from '../core/jmespath.ts';
import type { Handle, JobSpec } from '../core/job.ts';
import type { Call } from '../core/kind.ts';
import { progressAt } from '../core/looked-at.ts';
import type { Observation } from '../core/observation.ts';
import { renderCall, TemplateError } from '../core/template.ts';
import { verdictOf } from '../core/verdict.ts';
import type { Ports } from '../ports.ts';

type LookPorts = Pick<Ports, 'transports' | 'clock'>;

/** Makes one remote call, with the handle's values in place. A value that would leave its place is refused, like any address that is not allowed. */
export async function callRemote(
  ports: LookPorts,
  spec: JobSpec,
  call: Call,
  handle: Handle,
  budget_ms: number,
): Promise<Observation> {
  try {
    return await send(ports, spec, renderCall(call, handle), budget_ms);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return {
      answered: false,
      type: 'not_allowed',
      sent: false,
      message: error.message,
      retry_after_seconds: null,
      postponed: false,
    };
  }
}

/** Makes the start call, whose values are in place since the request was read. */
export const callStarter = (ports: LookPorts, spec: JobSpec, call: Call, budget_ms: number): Promise<Observation> =>
  send(ports, spec, call, budget_ms);

function send(ports: LookPorts, { kind, connection }: JobSpec, call: Call, budget_ms: number): Promise<Observation> {
  const { http, mcp } = ports.transports;
  const rest = { connection, budget_ms, redirects_as_answers: redirectsNamed(kind.acceptors) };
  return isToolCall(call) ? mcp.call({ call, ...rest }) : http.call({ call, ...rest });
}

/** One look: the status, then, if the job goes on and the kind asks for it apart, the progress. Never in parallel, never after the end. */
export async function lookAtJob(ports: LookPorts, spec: JobSpec, handle: Handle, budget_ms: number): Promise<Look> {
  const begun_ms = ports.clock.now();
  const { kind } = spec;
  const observation = await callRemote(ports, spec, kind.status, handle, budget_ms);
  const verdict = verdictOf(kind.acceptors, observation);
  const body = readableBody(observation, verdict.type === 'failed_check');
  if (verdict.type !== 'going') return { verdict, body, progress_pct: null };
  const rest_ms = budget_ms - (ports.clock.now() - begun_ms);
  if (kind.progress === null || rest_ms < 1000)
    return { verdict, body, progress_pct: body === undefined ? null : progressAt(body, kind.paths.progress) };
  const asked = await callRemote(ports, spec, kind.progress, handle, rest_ms);
  const shown = readableBody(asked, false);
  return { verdict, body, progress_pct: shown === undefined ? null : progressAt(shown, kind.paths.progress) };
}

/** The body worth keeping: a failed check must not overwrite what was seen before. */
const readableBody = (observation: Observation, failed: boolean): Tree | undefined =>
  observation.answered && !failed ? observation.body : undefined;
