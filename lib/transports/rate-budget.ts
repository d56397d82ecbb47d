/** Burst beyond the steady rate: one second's worth, at least one call. */
export const burstOf = (rate_per_minute: number): number => Math.max(1, Math.ceil(rate_per_minute / 60));

/** How far apart postponed calls come back when no rate is set, ms. */
const spread_ms = 10;

/** The pace of one connection, shared by all its jobs. Times are epoch ms, given by the caller. */
export type RateBudget = {
  /** 0: go, and a call is spent. Otherwise nothing is spent: the seconds (to the ms) after which to ask again. */
  take(now_ms: number): number | Promise<number>;
  /** Postpones every call until then. Never shortens a longer cool-down. */
  coolDown(until_ms: number): void | Promise<void>;
};

/** Opens the budget that a connection with a `rate_per_minute` shares with whoever else calls it. */
export type OpenRateBudget = (connection: string, rate_per_minute: number) => RateBudget;

/** A budget that only this process knows: it answers at once. */
export type OwnRateBudget = { take(now_ms: number): number; coolDown(until_ms: number): void };

/**
 * A token bucket with a cool-down: at most `rate + burst` calls in any minute.
 * Kept as one number, the time up to which calls are already accounted for (GCRA).
 */
export function createRateBudget(rate_per_minute?: number): OwnRateBudget {
  const interval_ms = rate_per_minute === undefined ? 0 : 60_000 / rate_per_minute;
  const tolerance_ms = rate_per_minute === undefined ? 0 : (burstOf(rate_per_minute) - 1) * interval_ms;
  let spent_until_ms = 0;
  let cool_until_ms = 0;
  let next_turn_ms = 0;
  return {
    take(now_ms) {
      // A clock set back would otherwise leave the bucket empty for as long.
      spent_until_ms = Math.min(spent_until_ms, now_ms + tolerance_ms + interval_ms);
      const open_ms = Math.max(cool_until_ms, spent_until_ms - tolerance_ms);
      if (now_ms >= open_ms) {
        spent_until_ms = Math.max(now_ms, spent_until_ms) + interval_ms;
        return 0;
      }
      // Each gets its own turn; told the same moment, thousands of jobs would wake together and all but one in vain.
      const turn_ms = Math.max(open_ms, next_turn_ms);
      next_turn_ms = turn_ms + (interval_ms || spread_ms);
      return Math.ceil(turn_ms - now_ms) / 1000;
    },
    coolDown(until_ms) {
      cool_until_ms = Math.max(cool_until_ms, until_ms);
    },
  };
}
