import { faultTypeOf, judge, readsBody } from './acceptors.ts';
import { cutText } from './cut-text.ts';
import { withWarning } from './job.ts';
import type { Acceptor, FaultType } from './kind.ts';
import type { Death, Observation } from './observation.ts';

/** What one look means for the job. A failed check is not a failed job. */
export type Verdict =
  | { type: 'success' | 'failure' | 'cancelled'; warning?: string }
  | {
      type: 'going';
      /** What the acceptor that matched warns of. */
      warning?: string;
      phase: 'polling' | 'failing' | 'blocked';
      matched: boolean;
      /** Whether an acceptor matched or its path led to a value, or none has a path. */
      resolved: boolean;
      /** The remote side asked not to be called before. */
      retry_after_seconds?: number | null;
    }
  | { type: 'failed_check'; fault: FaultType; message: string; retry_after_seconds: number | null }
  | { type: 'not_found' | 'not_allowed'; message: string }
  /** `death`: not this job alone, but the credential of its connection. */
  | { type: 'auth_failed'; message: string; death?: Death }
  | { type: 'postponed'; seconds: number };

/** Judges one look: acceptors first, then the classes of failure of every HTTP API. */
export function verdictOf(acceptors: readonly Acceptor[], observation: Observation): Verdict {
  if (!observation.answered && observation.postponed)
    return { type: 'postponed', seconds: observation.retry_after_seconds ?? 1 };
  const { state, resolved, warning } = judge(acceptors, observation);
  const warned = warning === undefined ? {} : { warning };
  if (state === 'success' || state === 'failure' || state === 'cancelled') return { type: state, ...warned };
  const { retry_after_seconds } = observation;
  if (state !== null)
    return {
      type: 'going',
      phase: state === 'retry' ? 'polling' : state,
      matched: true,
      resolved: true,
      retry_after_seconds,
      ...warned,
    };

  const fault = faultTypeOf(observation);
  if (!observation.answered) {
    const { message } = observation;
    if (fault === 'not_allowed' || fault === 'redirected') return { type: 'not_allowed', message };
    if (fault === 'auth_failed') return { type: 'auth_failed', message, ...deathOf(observation) };
    return { type: 'failed_check', fault: observation.type, message, retry_after_seconds };
  }
  const { http_status, error } = observation;
  if (error !== undefined) {
    const { type, message } = error;
    return type === 'not_found'
      ? { type, message }
      : { type: 'failed_check', fault: type, message, retry_after_seconds };
  }
  if (fault === 'auth_failed')
    return {
      type: 'auth_failed',
      message: `the remote system answered ${http_status} to our credential`,
      ...deathOf(observation),
    };
  if (fault === 'not_found') return { type: 'not_found', message: `the remote system answered ${http_status}` };
  if (http_status >= 400 && fault !== null)
    return { type: 'failed_check', fault, message: `the remote system answered ${http_status}`, retry_after_seconds };
  if (http_status >= 300)
    return {
      type: 'failed_check',
      fault: 'refused',
      message: `the remote system answered ${http_status}, a redirect nobody asked for`,
      retry_after_seconds,
    };
  // 202 without a body is how plain polling says "not yet".
  if (observation.body === undefined && http_status !== 202 && readsBody(acceptors))
    return {
      type: 'failed_check',
      fault: fault ?? 'unparseable',
      message: `the answer (HTTP ${http_status}) was ${observation.unparseable === 'too_deep' ? 'nested too deep' : 'no JSON'}`,
      retry_after_seconds,
    };
  const blind = !readsBody(acceptors);
  return { type: 'going', phase: 'polling', matched: false, resolved: resolved || blind, retry_after_seconds };
}

/** Where an observation has a death, that; to be spread. */
export const deathOf = ({ death }: Observation): { death?: Death } => (death === undefined ? {} : { death });

const runningWords = new Set(
  'accepted active assigned awaiting baking booting building cancelling canceling cleanup collecting created creating deploying downloading executing finalizing finishing inflight initializing initialising inprogress inqueue new notready notstarted open pending pendingexecution planning preparing processing progressing provisioning publishing queued queueing requested restarting resuming retrying running runnable scaling scheduled scheduling starting started stopping submitted submitting testing updating uploading validating waiting warming warmup working'.split(
    ' ',
  ),
);

/** Whether a state word is commonly used for "still going"; any other that no acceptor knows is worth a warning. */
export const isRunningWord = (word: string): boolean => runningWords.has(word.toLowerCase().replace(/[^a-z]/g, ''));

const maxUnknownWords = 5;

/** Warns of a word once. A few will do: what comes later, the outcome of a cancel say, must find room. */
export function withUnknownWord(warnings: string[], word: string): string[] {
  const about = 'the remote state ';
  if (warnings.filter((warning) => warning.startsWith(about)).length >= maxUnknownWords) return warnings;
  const quoted = JSON.stringify(cutText(word, 80));
  return withWarning(warnings, `${about}${quoted} is in no acceptor; it is read as still running`);
}
