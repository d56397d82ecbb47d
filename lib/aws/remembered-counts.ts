import type { Clock, JobStore } from '../ports.ts';

/** A count holds so long, ms: within it an owner's jobs are counted once a function, not once a hand-over. */
const holdsMs = 5_000;
/** Owners whose counts one function keeps. */
const mostOwners = 256;

type Counted = { at_ms: number; count: number; since: number };

/**
 * Counts an owner's running jobs at most once in 5 s. Whoever asks is about to begin a job: each asking counts as one more,
 * and when that comes to `enough` it is counted anew. What other functions begin meanwhile is not seen, so that an owner may
 * come to have as many jobs too many as those begin in 5 s; that there are enough is believed as long.
 */
export function rememberCounts(
  countActive: JobStore['countActive'],
  { now }: Pick<Clock, 'now'>,
): JobStore['countActive'] {
  const owners = new Map<string, Counted>();
  return async (owner, enough) => {
    const known = owners.get(owner);
    if (known !== undefined && now() - known.at_ms < holdsMs) {
      if (known.count >= enough) return enough;
      if (known.count + known.since < enough) {
        known.since += 1;
        return known.count + known.since - 1;
      }
    }
    const at_ms = now();
    const count = await countActive(owner, enough);
    owners.delete(owner);
    owners.set(owner, { at_ms, count, since: 1 });
    const [oldest] = owners.keys();
    if (owners.size > mostOwners && oldest !== undefined) owners.delete(oldest);
    return count;
  };
}
