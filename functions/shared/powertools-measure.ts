import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { metricNamespace } from '../../lib/env.ts';
import type { Measure } from './measure.ts';

/** Figures as CloudWatch's embedded metric format, through Powertools: one line a call. */
export function powertoolsMeasure(): Measure {
  const metrics = new Metrics({ namespace: metricNamespace });
  return (figures, by = {}) => {
    // Two sets of dimensions: CloudWatch adds nothing up by itself.
    if (Object.keys(by).length > 0) metrics.addDimensions({}).addDimensions(by);
    for (const [name, values] of Object.entries(figures))
      for (const value of Array.isArray(values) ? values : [values]) metrics.addMetric(name, unitOf(name), value);
    metrics.publishStoredMetrics();
  };
}

/** By the end of the name. */
const unitOf = (name: string) =>
  name.endsWith('Ms') ? MetricUnit.Milliseconds : name.endsWith('Seconds') ? MetricUnit.Seconds : MetricUnit.Count;
