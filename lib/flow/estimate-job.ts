import { faultTypeOf } from '../core/acceptors.ts';
import { cutText } from '../core/cut-text.ts';
import { estimates } from '../core/estimates.ts';
import { type Tree, valueAt } from '../core/jmespath.ts';
import type { Handle, JobSpec } from '../core/job.ts';
import type { Call } from '../core/kind.ts';
import type { Observation } from '../core/observation.ts';
import type { ToEstimate } from '../core/start-request.ts';
import { neededBy } from '../core/template.ts';
import { timingOf } from '../core/timing.ts';
import type { Ports } from '../ports.ts';
import { callRemote } from './call-remote.ts';

type EstimatePorts = Pick<Ports, 'transports' | 'clock'>;

/** Of the request's 20 s: the starter and the first check must find the time that they need. */
const estimateBudgetMs = 6_000;

/** How long the job will take, asked before it begins. Whatever goes wrong with that, the job goes on: with the kind's own expectation, and a warning. */
export async function estimateJob(
  ports: EstimatePorts,
  spec: JobSpec,
  to_estimate: ToEstimate,
): Promise<{ spec: JobSpec; warnings: string[] }> {
  const { kind, given, watchdog_seconds } = to_estimate;
  const asked = await askSeconds(ports, spec, to_estimate);
  const estimated = typeof asked === 'number' ? asked : null;
  const timed: JobSpec = { ...spec, ...timingOf(kind, given, estimated, watchdog_seconds) };
  if (typeof asked === 'number') return { spec: timed, warnings: [] };
  const warning = `how long the job takes could not be read (${cutText(asked, 120)}); ${timed.expected_seconds} s are expected`;
  return { spec: timed, warnings: [warning] };
}

/** Seconds, or why they are not known. */
async function askSeconds(
  ports: EstimatePorts,
  spec: JobSpec,
  { estimate, values }: ToEstimate,
): Promise<number | string> {
  const until_ms = ports.clock.now() + estimateBudgetMs;
  const { name, call, via } = estimate;
  const known = oneOfEach(values);
  if (via !== undefined && missingIn(call, known) !== undefined) {
    const found = await ask(ports, spec, via.call, known, until_ms);
    if (typeof found === 'string') return found;
    for (const [wanted, path] of Object.entries(via.values)) {
      const value = valueAt(found.body, path);
      if (value !== null) known[wanted] ??= value;
    }
  }
  const answer = await ask(ports, spec, call, known, until_ms);
  if (typeof answer === 'string') return answer;
  return estimates[name](answer.body) ?? `${toolOf(call)} did not say`;
}

/** Several ids were begun together: the first speaks for all. */
const oneOfEach = (values: Handle): Handle =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, Tree][] =>
      Array.isArray(value) ? (value[0] === undefined ? [] : [[name, value[0]]]) : [[name, value]],
    ),
  );

const missingIn = (call: Call, known: Handle): string | undefined =>
  neededBy(call).find((name) => !Object.hasOwn(known, name));

async function ask(
  ports: EstimatePorts,
  spec: JobSpec,
  call: Call,
  known: Handle,
  until_ms: number,
): Promise<{ body: Tree } | string> {
  const missing = missingIn(call, known);
  if (missing !== undefined) return `${toolOf(call)} needs ${missing}`;
  const rest_ms = until_ms - ports.clock.now();
  if (rest_ms < 1000) return 'there was no time left to ask';
  const observation = await callRemote(ports, spec, call, known, rest_ms);
  const wrong = wrongWith(observation);
  if (wrong !== null) return `${toolOf(call)}: ${wrong}`;
  return { body: observation.answered ? (observation.body ?? null) : null };
}

const toolOf = (call: Call): string => ('tool' in call ? call.tool : call.url);

function wrongWith(observation: Observation): string | null {
  if (!observation.answered) return observation.message;
  const fault = faultTypeOf(observation);
  return fault === null ? null : (observation.error?.message ?? `HTTP ${observation.http_status}, ${fault}`);
}
