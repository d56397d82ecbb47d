import { randomUUID } from 'node:crypto';
import { createTally, type Figures, round, type Tally } from './figures.ts';
import type { RunRequest } from './run-request.ts';

/** The states a run ends in; none is ever left. */
export type TerminalState = 'FINISHED' | 'ABORTED' | 'ERROR';

/** Every state a run can be in, in the order it may pass them. */
export type RunState = 'CREATED' | 'PREPARING' | 'RUNNING' | TerminalState;

/** One line a run wrote about itself; `at_ms` is the time of day, in milliseconds since 1970. */
export interface JournalLine {
  at_ms: number;
  text: string;
}

/**
 * One load test; times are milliseconds of the process clock. `outcome` is decided up to 250 ms before `state` shows it.
 * The journal has a line for each state, and is never empty.
 */
export interface Run {
  readonly id: string;
  readonly request: RunRequest;
  readonly tally: Tally;
  readonly ending: AbortController;
  readonly journal: [JournalLine, ...JournalLine[]];
  state: RunState;
  outcome: { state: TerminalState; message: string | null } | null;
  startedMs: number | null;
  endedMs: number | null;
}

/** A run as the API shows it. */
export interface RunView {
  id: string;
  name: string;
  state: RunState;
  progress: number;
  expected_seconds: number;
  elapsed_seconds: number;
  error: { message: string } | null;
  figures: Figures | null;
}

/** Makes a run that has not begun. */
export function createRun(request: RunRequest): Run {
  return {
    id: randomUUID(),
    request,
    tally: createTally(),
    ending: new AbortController(),
    journal: [{ at_ms: Date.now(), text: 'CREATED' }],
    state: 'CREATED',
    outcome: null,
    startedMs: null,
    endedMs: null,
  };
}

/** Moves a run to a state and writes it down, with what there is to say about it. */
export function enterState(run: Run, state: RunState, words: string | null = null): void {
  run.state = state;
  run.journal.push({ at_ms: Date.now(), text: words === null ? state : `${state}: ${words}` });
}

/** Decides how a run ends and tells the load to stop; the first decision stands. */
export function endRun(run: Run, state: TerminalState, message: string | null = null): void {
  if (run.outcome !== null) return;
  run.outcome = { state, message };
  run.ending.abort();
}

/** Tells whether a run is over. */
export function isOver(run: Run): boolean {
  return run.state === 'FINISHED' || run.state === 'ABORTED' || run.state === 'ERROR';
}

/** Marks the moment the load begins. */
export function startClock(run: Run): void {
  run.startedMs = performance.now();
}

/** Marks the moment the load is over; a later call changes nothing, so that the verdict and the view agree. */
export function stopClock(run: Run): void {
  run.endedMs ??= performance.now();
}

/** Seconds under load so far, or in all once the run is over; 0 before the load. */
export function secondsOf(run: Run): number {
  return run.startedMs === null ? 0 : ((run.endedMs ?? performance.now()) - run.startedMs) / 1000;
}

/** Shows a run with the figures of this very moment; they are null until the load begins. */
export function viewRun(run: Run): RunView {
  const elapsedSeconds = secondsOf(run);
  const message = isOver(run) ? (run.outcome?.message ?? null) : null;
  const percent = Math.min(99, Math.floor((100 * elapsedSeconds) / run.request.duration_seconds));
  return {
    id: run.id,
    name: run.request.name,
    state: run.state,
    progress: run.state === 'FINISHED' ? 100 : percent,
    expected_seconds: run.request.duration_seconds,
    elapsed_seconds: round(elapsedSeconds, 2),
    error: message === null ? null : { message },
    figures: run.startedMs === null ? null : run.tally.read(elapsedSeconds),
  };
}
