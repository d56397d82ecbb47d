import { createHistogram } from 'node:perf_hooks';

/** What a run measured so far; `errors` are requests and connections without an answer, timeouts among them. */
export interface Figures {
  requests: number;
  requests_per_second: number;
  latency_ms: { p50: number; p90: number; p99: number; max: number } | null;
  errors: number;
  timeouts: number;
  bytes: number;
  status_2xx: number;
  non_2xx: number;
}

/** Counts answers and errors as they come in, and reads them as figures at any moment. */
export interface Tally {
  answered(status: number, bytes: number, latencyMs: number): void;
  failed(timedOut: boolean): void;
  read(elapsedSeconds: number): Figures;
}

/** Starts counting at zero. */
export function createTally(): Tally {
  const latenciesUs = createHistogram();
  const count = { requests: 0, errors: 0, timeouts: 0, bytes: 0, status_2xx: 0, non_2xx: 0 };
  return {
    answered(status, bytes, latencyMs) {
      latenciesUs.record(Math.max(1, Math.round(latencyMs * 1000)));
      count.requests += 1;
      count.bytes += bytes;
      if (status >= 200 && status < 300) count.status_2xx += 1;
      else count.non_2xx += 1;
    },
    failed(timedOut) {
      count.errors += 1;
      if (timedOut) count.timeouts += 1;
    },
    read(elapsedSeconds) {
      const percentileMs = (percent: number) => round(latenciesUs.percentile(percent) / 1000, 2);
      return {
        requests: count.requests,
        requests_per_second: elapsedSeconds > 0 ? round(count.requests / elapsedSeconds, 1) : 0,
        latency_ms:
          count.requests === 0
            ? null
            : {
                p50: percentileMs(50),
                p90: percentileMs(90),
                p99: percentileMs(99),
                max: round(latenciesUs.max / 1000, 2),
              },
        errors: count.errors,
        timeouts: count.timeouts,
        bytes: count.bytes,
        status_2xx: count.status_2xx,
        non_2xx: count.non_2xx,
      };
    },
  };
}

/** Rounds to so many decimals. */
export function round(value: number, decimals: number): number {
  return Number(value.toFixed(decimals));
}
