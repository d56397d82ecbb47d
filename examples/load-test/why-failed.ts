import type { Figures } from './figures.ts';
import type { FailWhen } from './run-request.ts';

/** Says which limits the final figures break, or null; a run without a single answer has failed in any case. */
export function whyFailed(limits: FailWhen | undefined, figures: Figures): string | null {
  if (figures.latency_ms === null) return `the target gave no answer at all (${figures.errors} errors)`;
  const tries = figures.requests + figures.errors;
  const errorPercent = (100 * (figures.errors + figures.non_2xx)) / tries;
  const broken = [
    above('failed requests were', errorPercent, '%', limits?.error_percent_above),
    above('p99 latency was', figures.latency_ms.p99, ' ms', limits?.p99_ms_above),
    below('throughput was', figures.requests_per_second, ' requests/s', limits?.requests_per_second_below),
  ].filter((sentence) => sentence !== null);
  return broken.length === 0 ? null : broken.join('; ');
}

function above(what: string, value: number, unit: string, limit = Number.POSITIVE_INFINITY): string | null {
  return value > limit ? `${what} ${value.toFixed(1)}${unit}, above the limit of ${limit}${unit}` : null;
}

function below(what: string, value: number, unit: string, limit = Number.NEGATIVE_INFINITY): string | null {
  return value < limit ? `${what} ${value.toFixed(1)}${unit}, below the limit of ${limit}${unit}` : null;
}
