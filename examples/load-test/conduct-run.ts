import { isTimeout, wordsOf } from './errors-in-words.ts';
import { fire } from './fire.ts';
import { sendFirstRequest } from './first-request.ts';
import { endRun, enterState, type Run, secondsOf, startClock, stopClock } from './run.ts';
import { createTargetWatch } from './target-watch.ts';
import { whyFailed } from './why-failed.ts';

/**
 * Takes one run from CREATED to its end. Whoever ends it first (the caller, the watch, the clock) decides how.
 *
 *     CREATED ─► PREPARING ─► RUNNING ─► FINISHED
 *                    │           ├─────► ERROR     target died, or a limit of fail_when was broken
 *                    └───────────┴─────► ABORTED   stopped by the caller
 */
export async function conductRun(run: Run): Promise<void> {
  try {
    enterState(run, 'PREPARING', `one plain request to ${originOf(run)}`);
    const refusal = await sendFirstRequest(run.request.url, run.ending.signal);
    if (refusal !== null) return endRun(run, 'ERROR', `target ${originOf(run)} ${refusal} before the load`);
    if (run.outcome !== null) return;
    startClock(run);
    enterState(run, 'RUNNING', `${run.request.connections} connections for ${run.request.duration_seconds} s`);
    await fireAndWatch(run);
    stopClock(run);
    const failure = whyFailed(run.request.fail_when, run.tally.read(secondsOf(run)));
    if (failure === null) endRun(run, 'FINISHED');
    else endRun(run, 'ERROR', failure);
  } catch (error) {
    endRun(run, 'ERROR', `the load test itself broke: ${wordsOf(error)}`);
  } finally {
    settle(run);
  }
}

async function fireAndWatch(run: Run): Promise<void> {
  const { url, connections, duration_seconds, ramp } = run.request;
  const watch = createTargetWatch(connections);
  await fire({
    url,
    connections,
    durationSeconds: duration_seconds,
    rampSeconds: ramp?.seconds ?? 0,
    signal: run.ending.signal,
    onAnswer(status, bytes, latencyMs) {
      run.tally.answered(status, bytes, latencyMs);
      watch.answered();
    },
    onError(error) {
      run.tally.failed(isTimeout(error));
      const death = watch.failed(error, performance.now());
      if (death === null || run.outcome !== null) return;
      const when = `after ${secondsOf(run).toFixed(1)} s of ${duration_seconds} s`;
      endRun(run, 'ERROR', `target ${originOf(run)} ${death} ${when}`);
    },
  });
}

// Shown last, so that a terminal state means that no request is on its way any more.
function settle(run: Run): void {
  stopClock(run);
  enterState(run, run.outcome?.state ?? 'ERROR', run.outcome?.message);
}

// Without path and query: a message may travel further than the request that caused it.
function originOf(run: Run): string {
  return new URL(run.request.url).origin;
}
