import { redirectsNamed } from '../core/acceptors.ts';
import { isToolCall } from '../core/is-tool-call.ts';
import type { Handle, JobSpec } from '../core/job.ts';
import type { Call } from '../core/kind.ts';
import type { Fault, Observation } from '../core/observation.ts';
import { renderCall, TemplateError } from '../core/template.ts';
import type { Ports } from '../ports.ts';

type CallPorts = Pick<Ports, 'transports'>;

/** Makes one remote call, with the handle's values in place. A value that would leave its place is refused, like any address that is not allowed. */
export function callRemote(
  ports: CallPorts,
  spec: JobSpec,
  call: Call,
  handle: Handle,
  budget_ms: number,
): Promise<Observation> {
  const rendered = rendering(call, handle);
  return 'answered' in rendered ? Promise.resolve(rendered) : send(ports, spec, rendered, budget_ms);
}

function rendering(call: Call, handle: Handle): Call | Fault {
  try {
    return renderCall(call, handle);
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
export const callStarter = (ports: CallPorts, spec: JobSpec, call: Call, budget_ms: number): Promise<Observation> =>
  send(ports, spec, call, budget_ms, true);

function send(
  ports: CallPorts,
  { kind, connection }: JobSpec,
  call: Call,
  budget_ms: number,
  once = false,
): Promise<Observation> {
  const { http, mcp } = ports.transports;
  const rest = { connection, budget_ms, redirects_as_answers: redirectsNamed(kind.acceptors), once };
  return isToolCall(call) ? mcp.call({ call, ...rest }) : http.call({ call, ...rest });
}
