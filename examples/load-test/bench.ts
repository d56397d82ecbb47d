import { randomUUID } from 'node:crypto';
import { endRun, isOver, type Run, secondsOf, viewRun } from './run.ts';
import type { Runs } from './runs.ts';
import { conductValidation, createValidation, type Validation } from './validation.ts';
import { type Scenario, scenarioDocument, scenarios, type VirtualUser, virtualUsersOf } from './virtual-users.ts';

/** A run of one user profile, or one validation: what a bench result id stands for. */
export type BenchResult = {
  id: string;
  projectId: string;
  /** Null for a validation. */
  scenarioId: string | null;
  reportId: string | null;
  of: Run | Validation;
};

/** The runs of one scenario, together. */
export type BenchReport = { id: string; projectId: string; name: string; benchResultIds: string[] };

/** What a tool refuses, in words for its caller. */
export class ToolRefusal extends Error {}

/** What was begun over tools, in memory: at most `maxKept` results and reports, the oldest go first. */
export type Bench = ReturnType<typeof createBench>;

/** Keeps scenarios, results and reports over `target`; loads are fired by `runs`. */
export function createBench(runs: Runs, { target, maxKept }: { target: string; maxKept: number }) {
  const virtualUsers = virtualUsersOf(target);
  const results = new Map<string, BenchResult>();
  const reports = new Map<string, BenchReport>();
  const keep = <T extends { id: string }>(kept: Map<string, T>, one: T): T => {
    kept.set(one.id, one);
    for (const id of kept.keys()) if (kept.size > maxKept) kept.delete(id);
    return one;
  };

  const scenarioOf = (id: string): Scenario => named('scenario', scenarios, id);
  const virtualUserOf = (id: string): VirtualUser => named('virtual user', virtualUsers, id);

  function runScenario(scenarioId: string): BenchReport {
    const { name, projectId, userProfiles } = scenarioOf(scenarioId);
    const begun = runs.beginAll(
      userProfiles.map(({ virtualUserId, users, rampUpSeconds, holdSeconds }) => ({
        name,
        url: virtualUserOf(virtualUserId).actions[0]?.url ?? target,
        connections: users,
        duration_seconds: rampUpSeconds + holdSeconds,
        ramp: { seconds: rampUpSeconds },
      })),
    );
    if ('retryAfterSeconds' in begun)
      throw new ToolRefusal(
        `no plan matches: all slots are taken, the next is free in ${begun.retryAfterSeconds} s; nothing was started`,
      );
    const id = randomUUID();
    for (const run of begun.runs) keep(results, { id: run.id, projectId, scenarioId, reportId: id, of: run });
    return keep(reports, { id, projectId, name, benchResultIds: begun.runs.map((run) => run.id) });
  }

  function validate(projectId: string, virtualUserId: string, iterations: number): BenchResult {
    const virtualUser = virtualUserOf(virtualUserId);
    if (virtualUser.projectId !== projectId)
      throw new ToolRefusal(`project ${projectId} has no virtual user ${virtualUserId}`);
    const validation = createValidation(virtualUser, iterations);
    setImmediate(() => void conductValidation(validation)); // after the answer, which shows CREATED
    return keep(results, { id: validation.id, projectId, scenarioId: null, reportId: null, of: validation });
  }

  function resultOf(id: string): BenchResult {
    const result = results.get(id);
    if (result === undefined) throw new ToolRefusal(`there is no bench result ${id}`);
    return result;
  }

  function reportOf(id: string): BenchReport {
    const report = reports.get(id);
    if (report === undefined) throw new ToolRefusal(`there is no bench report ${id}`);
    return report;
  }

  function stop(id: string): BenchResult {
    const result = resultOf(id);
    if (isRun(result.of)) endRun(result.of, 'ABORTED');
    else result.of.ending.abort();
    return result;
  }

  /** The newest of this virtual user, whoever asked for it: a second validation hides the first. */
  function latestValidation(projectId: string, virtualUserId: string): BenchResult {
    const newest = [...results.values()].findLast(
      ({ of, ...result }) => !isRun(of) && of.virtualUser.id === virtualUserId && result.projectId === projectId,
    );
    if (newest === undefined) throw new ToolRefusal(`virtual user ${virtualUserId} was never validated`);
    return newest;
  }

  return {
    runScenario,
    validate,
    resultOf,
    reportOf,
    stop,
    latestValidation,
    virtualUserOf,
    scenarioDocument: (id: string) => scenarioDocument(scenarioOf(id)),
  };
}

function named<T extends { id: string }>(what: string, all: readonly T[], id: string): T {
  const found = all.find((one) => one.id === id);
  if (found !== undefined) return found;
  throw new ToolRefusal(`there is no ${what} ${id}; there are: ${all.map((one) => one.id).join(', ')}`);
}

/** Tells a run under load from a validation. */
export const isRun = (of: Run | Validation): of is Run => 'tally' in of;

/** Tells whether a result is terminal, once and for all. */
export const isEnded = ({ of }: BenchResult): boolean =>
  isRun(of) ? isOver(of) : of.state === 'FINISHED' || of.state === 'ABORTED';

/** A result as `get_bench_result` shows it; times in milliseconds since 1970. */
export function resultDocument({ id, projectId, scenarioId, reportId, of }: BenchResult) {
  const { state, journal } = of;
  return {
    id,
    batchId: reportId,
    scenarioId,
    designProjectId: projectId,
    resultProjectId: projectId,
    state,
    created: journal[0].at_ms,
    lastModified: (journal.at(-1) ?? journal[0]).at_ms,
  };
}

/** How far a result is, 0–1, by the clock or by the requests sent: 1 says nothing of how it ended. */
export function progressOf({ of }: BenchResult): number {
  if (isRun(of)) return Math.min(1, secondsOf(of) / of.request.duration_seconds);
  const done = of.actions.reduce((sum, { total }) => sum + total, 0);
  return Math.min(1, done / Math.max(1, of.requests));
}

/** A report as `get_bench_report` shows it, with what each run measured so far. */
export function reportDocument({ id, projectId, name, benchResultIds }: BenchReport, bench: Bench) {
  const items = benchResultIds.flatMap((benchResultId) => {
    const { of } = bench.resultOf(benchResultId);
    return isRun(of) ? [{ '@type': 'SummaryReportItem', benchResultId, ...figuresOf(of) }] : [];
  });
  return { id, projectId, name, benchResultIds, configs: [], items };
}

const figuresOf = (run: Run) => {
  const { state, elapsed_seconds, error, figures } = viewRun(run);
  return { state, elapsed_seconds, error, figures };
};
