import type { Observation } from '../../lib/core/observation.ts';
import { type OctoPerf, octoperf, Refusal } from './octoperf.ts';
import { answers, type World, type WorldOptions, world } from './world.ts';

/** The world in memory with OctoPerf behind its tools. */
export function octoperfWorld(options: WorldOptions = {}): { one: World; remote: OctoPerf } {
  const one = world(options);
  const remote = octoperf();
  one.remote.tool = (call) => sayingOf(() => remote.call(call.tool, call.arguments ?? {}));
  return { one, remote };
}

/** What a tool comes to, as an observation. */
function sayingOf(call: () => unknown): Observation {
  try {
    return answers(call());
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return answers(error.message, { error: { type: 'tool_error', message: error.message } });
  }
}

/** Bodies of the four kinds; `rest` is laid over. */
export const octoperfBodies = {
  scenario: (rest: object = {}) => ({
    kind: 'octoperf-scenario',
    connection: 'tools',
    input: { scenarioId: 's-1' },
    ...rest,
  }),
  adoptedScenario: (benchResultIds: string[], rest: object = {}) => ({
    kind: 'octoperf-scenario',
    connection: 'tools',
    handle: { benchResultIds },
    ...rest,
  }),
  validation: (rest: object = {}) => ({
    kind: 'octoperf-validation',
    connection: 'tools',
    input: { projectId: 'p-1', virtualUserId: 'vu-1', providerId: 'cloud', location: 'eu-west-1' },
    ...rest,
  }),
  pdf: (rest: object = {}) => ({
    kind: 'octoperf-pdf-export',
    connection: 'tools',
    input: { benchReportId: 'report-1' },
    ...rest,
  }),
  correlation: (rest: object = {}) => ({
    kind: 'octoperf-correlation',
    connection: 'tools',
    input: { projectId: 'p-1', virtualUserId: 'vu-1' },
    ...rest,
  }),
};
