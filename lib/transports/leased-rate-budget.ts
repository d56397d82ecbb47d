import { burstOf, type RateBudget } from './rate-budget.ts';

/** How far the calls of a connection are accounted for, and until when it cools down; epoch ms, 0 when never. */
export type RateState = { spent_until_ms: number; cool_until_ms: number };

/** The pace of one connection, as all processes see it. */
export type RateLeases = {
  /** One conditional write: accounts for calls up to `spent_until_ms`, if nothing is accounted for beyond `now_ms` and no cool-down is on. */
  lease(now_ms: number, spent_until_ms: number): Promise<{ leased: boolean; state: RateState }>;
  /** Writes a cool-down, unless a longer one is written. */
  coolDown(until_ms: number): Promise<void>;
};

export type LeasedRateBudgetOptions = { leases: RateLeases; rate_per_minute: number; now: () => number };

/** A lease lasts to the end of the block it was taken in, ms: 0, 5, 10, … seconds past the minute. */
const block_ms = 5_000;
/**
 * A call may go a second before its place on the time line, and a block behind it: those of 66.1 s may meet in one minute.
 * The rest is for clocks that differ.
 */
const counted_ms = 67_000;
/** Cool-downs that differ by less than this are the same one, ms. */
const same_ms = 1_000;

type Lease = { start_ms: number; calls: number; used: number };

/**
 * The rate budget of one process among many: it takes calls in leases, with one write in a block of 5 s at most, and all
 * processes together let no more than `rate_per_minute` go in any minute.
 *
 *   time line   |‹ lease of A: 7 calls ›|‹ B: 3 ›|  free …      each call has its place, 67 s / rate apart
 *                                            now ^              the next lease begins here, as long as was wanted in the block before
 *
 * Places that are not used by the end of the block are lost: that is what it costs not to ask at each call.
 */
export function createLeasedRateBudget({ leases, rate_per_minute, now }: LeasedRateBudgetOptions): RateBudget {
  const interval_ms = counted_ms / rate_per_minute;
  const burst = burstOf(rate_per_minute);
  let block = -1;
  let wanted = 0;
  let wantedBefore = 0;
  let asked = false;
  let asking: Promise<void> | undefined;
  let lease: Lease | undefined;
  let known: RateState = { spent_until_ms: 0, cool_until_ms: 0 };
  let next_turn_ms = 0;

  function enterBlock(now_ms: number): void {
    const current = Math.floor(now_ms / block_ms);
    if (current === block) return;
    wantedBefore = current === block + 1 ? wanted : 0;
    [block, wanted, asked, lease] = [current, 0, false, undefined];
  }
  const endOfBlock = (): number => (block + 1) * block_ms;

  async function ask(now_ms: number): Promise<void> {
    asked = true;
    const [from, left_ms] = [block, endOfBlock() - now_ms];
    const calls = Math.max(1, Math.min(Math.max(burst, wantedBefore), Math.ceil(left_ms / interval_ms)));
    const { leased, state } = await leases.lease(now_ms, Math.ceil(now_ms + calls * interval_ms));
    known = { ...state, cool_until_ms: Math.max(state.cool_until_ms, known.cool_until_ms) };
    if (leased && from === block) lease = { start_ms: now_ms, calls, used: 0 };
  }
  function askOnce(now_ms: number): Promise<void> {
    asking ??= ask(now_ms).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  /** When the next call may go, as far as this process knows. */
  function openAt(): number {
    if (lease === undefined || lease.used >= lease.calls)
      return Math.max(asked ? endOfBlock() : 0, known.spent_until_ms, known.cool_until_ms);
    return Math.max(known.cool_until_ms, lease.start_ms + (lease.used - burst + 1) * interval_ms);
  }
  function decide(now_ms: number): number {
    enterBlock(now_ms);
    const open_ms = openAt();
    if (lease !== undefined && lease.used < lease.calls && now_ms >= open_ms) {
      lease.used += 1;
      return 0;
    }
    // Each gets its own turn, as in the budget of a single process; a millisecond at least, for 0 means go.
    const turn_ms = Math.max(open_ms, next_turn_ms, now_ms + 1);
    next_turn_ms = turn_ms + interval_ms;
    return Math.ceil(turn_ms - now_ms) / 1000;
  }

  return {
    take: (now_ms) => {
      enterBlock(now_ms);
      wanted += 1;
      if (asking === undefined && (lease !== undefined || asked || now_ms < openAt())) return decide(now_ms);
      // The answer takes its time: the block may be over when it comes.
      return askOnce(now_ms).then(() => decide(now()));
    },
    coolDown: async (until_ms) => {
      const isNew = until_ms > known.cool_until_ms + same_ms;
      known = { ...known, cool_until_ms: Math.max(known.cool_until_ms, until_ms) };
      if (isNew) await leases.coolDown(until_ms);
    },
  };
}
