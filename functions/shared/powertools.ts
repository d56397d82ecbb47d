import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import { metricNamespace } from '../../lib/env.ts';
import type { Log } from './log.ts';
import type { Measure } from './measure.ts';

/** Lines as JSON, through Powertools; the service's name and the level come from the environment it reads. */
export function powertoolsLog(): Log {
  const logger = new Logger();
  return {
    debug: (message, details) => logger.debug(message, details),
    info: (message, details) => logger.info(message, details),
    error: (message, { error, ...details }) =>
      logger.error(message, { ...details, ...(error instanceof Error ? { error } : {}) }),
  };
}

/** Figures as CloudWatch's embedded metric format: one line a call, with and without the dimension. */
export function powertoolsMeasure(): Measure {
  const metrics = new Metrics({ namespace: metricNamespace });
  return (figures, by = {}) => {
    const units = { Seconds: MetricUnit.Seconds, Ms: MetricUnit.Milliseconds };
    // Two sets of dimensions: CloudWatch adds nothing up by itself.
    if (Object.keys(by).length > 0) metrics.addDimensions({}).addDimensions(by);
    for (const [name, values] of Object.entries(figures)) {
      const unit = name.endsWith('Ms') ? units.Ms : name.endsWith('Seconds') ? units.Seconds : MetricUnit.Count;
      for (const value of Array.isArray(values) ? values : [values]) metrics.addMetric(name, unit, value);
    }
    if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
  };
}
