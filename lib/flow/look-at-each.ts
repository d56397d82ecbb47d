import { eachOf, isBlind, progressOfAll, seenAs, verdictOfAll } from '../core/each.ts';
import { InvariantError } from '../core/errors.ts';
import { handleOf, type Id } from '../core/handle.ts';
import type { Handle, Job } from '../core/job.ts';
import { type Look, unknownWordsIn, wordIn } from '../core/look.ts';
import type { Verdict } from '../core/verdict.ts';
import { type LookPorts, lookOnce } from './look-once.ts';

/** With less left, no further id is begun: the next check goes on where this one stopped. */
const oneNeedsMs = 2_000;

/**
 * One look at each id of a list that is not over yet, one after the other; a job is over when all are. The first that
 * cannot be seen ends the look, and every check begins one id further, so that none waits behind another for ever.
 */
export async function lookAtEach(
  ports: LookPorts,
  job: Job,
  { handle, each }: { handle: Handle; each: string },
  budget_ms: number,
): Promise<Look> {
  const begun_ms = ports.clock.now();
  const left = (): number => budget_ms - (ports.clock.now() - begun_ms);
  const all = eachOf(each, handle, job.seen);
  if (all.length === 0) throw new InvariantError(`${job.job_id} has no ids at "${each}" to look at`);
  const verdicts: Verdict[] = [];
  const progress = new Map<Id, number>();
  const unknown_words: string[] = [];
  const warnings: string[] = [];
  for (const position of turns(all.length, job.state.checks)) {
    const one = all[position];
    if (one === undefined || one.status !== 'running') continue;
    if (verdicts.length > 0 && left() < oneNeedsMs) break;
    const look = await lookOnce(ports, job, handleOf(handle, each, one.id), left());
    verdicts.push(named(look.verdict, one.id));
    if (isBlind(look.verdict)) break;
    // An empty answer ("not yet") takes back no word.
    if (look.body !== undefined || look.verdict.type !== 'going')
      all[position] = seenAs(job.spec.kind, one.id, look.verdict, look.body, all.length);
    unknown_words.push(...unknownWordsIn(look, wordIn(job, look)));
    warnings.push(...(look.warnings ?? []));
    if (look.progress_pct !== null) progress.set(one.id, look.progress_pct);
  }
  const verdict = verdictOfAll(all, verdicts);
  return {
    verdict,
    body: undefined,
    progress_pct: verdict.type === 'going' ? progressOfAll(all, progress) : null,
    each: { all, unknown_words },
    warnings,
  };
}

/** Every position once, beginning one further with every check. */
const turns = (length: number, checks: number): number[] =>
  Array.from({ length }, (_, step) => (checks + length - 1 + step) % length);

/** What went wrong, and with which id. */
const named = (verdict: Verdict, id: Id): Verdict =>
  'message' in verdict ? { ...verdict, message: `${id}: ${verdict.message}` } : verdict;
