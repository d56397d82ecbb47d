import type { metrics } from '../../lib/env.ts';

export type MetricName = (typeof metrics)[keyof typeof metrics];

/** Writes figures down, for the deployment as a whole and, with `by`, for one kind, host or outcome. A list is several values of one metric. */
export type Measure = (figures: Partial<Record<MetricName, number | number[]>>, by?: Record<string, string>) => void;
