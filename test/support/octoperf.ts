/** What a tool says with `isError`. */
export class Refusal extends Error {
  override name = 'Refusal';
}

type Args = Record<string, unknown>;
export type BenchResult = { id: string; scenarioId: string; state: string; progress: number };
export type Task = { taskId: string; status: string; message: string | null };

/** A ramp of 30 s, 240 s of load and 30 s down. */
const someScenario = {
  id: 's-1',
  userProfiles: [{ load: { rampUpMs: 30_000, plateauMs: 240_000, rampDownMs: 30_000 } }],
};

/**
 * As much of OctoPerf as its kinds touch, in the shapes its tools answer in. Nothing moves by itself: a test sets states. Every call is
 * kept, and `refuse` makes tools say no.
 */
export function octoperf() {
  const results = new Map<string, BenchResult>();
  const tasks = new Map<string, Task>();
  const calls: { tool: string; args: Args }[] = [];
  const refuse: Record<string, string> = {};
  const knobs = {
    results_per_run: 1,
    scenario: someScenario as unknown,
    virtual_user: { id: 'vu-1', type: 'JMETER' } as unknown,
  };
  let number = 0;

  const begin = (scenarioId: string): BenchResult => {
    number += 1;
    const result = { id: `br-${number}`, scenarioId, state: 'CREATED', progress: 0 };
    results.set(result.id, result);
    return result;
  };
  const beginTask = (): { taskId: string } => {
    number += 1;
    const task = { taskId: `task-${number}`, status: 'PENDING', message: null };
    tasks.set(task.taskId, task);
    return { taskId: task.taskId };
  };
  const resultOf = (args: Args): BenchResult => {
    const result = results.get(String(args['benchResultId']));
    if (result === undefined) throw new Refusal(`404 NOT_FOUND: no bench result ${String(args['benchResultId'])}`);
    return result;
  };
  const tools: Record<string, (args: Args) => unknown> = {
    run_scenario: ({ scenarioId }) => ({
      benchReportId: 'report-1',
      benchResultIds: Array.from({ length: knobs.results_per_run }, () => begin(String(scenarioId)).id),
    }),
    validate_virtual_user: () => {
      const { id, state } = begin('');
      return { benchResultId: id, state };
    },
    get_bench_result: (args) => {
      const { progress: _, ...entity } = resultOf(args);
      return { ...entity, designProjectId: 'p-1' };
    },
    get_bench_status: (args) => ({ value: resultOf(args).progress }),
    stop_bench_result: (args) => Object.assign(resultOf(args), { state: 'ABORTED' }),
    get_scenario: () => knobs.scenario,
    get_virtual_user: () => knobs.virtual_user,
    export_bench_report_pdf: ({ benchReportId }) => ({ benchReportId, ...beginTask() }),
    apply_correlations_to_virtual_user: beginTask,
    get_task_result: ({ taskId }) => {
      const task = tasks.get(String(taskId));
      if (task === undefined) throw new Refusal(`404 NOT_FOUND: no task ${String(taskId)}`);
      return { ...task };
    },
  };
  return {
    results,
    tasks,
    calls,
    refuse,
    knobs,
    begin,
    /** Calls a tool. Throws Refusal for what it says with `isError`. */
    call: (tool: string, args: Args): unknown => {
      calls.push({ tool, args });
      const run = tools[tool];
      if (run === undefined) throw new Error(`OctoPerf has no tool ${tool}`);
      if (refuse[tool] !== undefined) throw new Refusal(refuse[tool]);
      return run(args);
    },
    /** Sets every bench result, or the ones named. */
    become: (state: string, ...ids: string[]): void => {
      for (const result of results.values()) if (ids.length === 0 || ids.includes(result.id)) result.state = state;
    },
    /** How often a tool was called. */
    count: (tool: string): number => calls.filter((one) => one.tool === tool).length,
  };
}
export type OctoPerf = ReturnType<typeof octoperf>;
