import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  MathExpression,
  Stats,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { metricNamespace, metrics } from '../env.ts';
import { type Alarms, ownMetric } from './alarms.ts';
import type { HandlerFunction } from './handler-function.ts';
import type { JobsApi } from './jobs-api.ts';

export type DashboardProps = {
  service: string;
  alarms: Alarms;
  api: JobsApi;
  tickQueue: IQueue;
  functions: Record<string, HandlerFunction>;
};

const period = Duration.minutes(5);

/** What an operator looks at: are there alarms, do jobs move, are people told, where does it go wrong. */
export class Dashboard extends Construct {
  readonly dashboard: CloudWatchDashboard;

  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { service, alarms, api, tickQueue, functions } = props;
    const own = (name: (typeof metrics)[keyof typeof metrics], statistic: string) =>
      ownMetric(service, name, statistic, period);
    const by = (name: string, dimension: string) => search(service, name, dimension);
    const each = (of: (fn: HandlerFunction) => IMetric) => Object.values(functions).map(of);
    this.dashboard = new CloudWatchDashboard(this, 'Dashboard', {
      defaultInterval: Duration.hours(3),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms', alarms: alarms.all, width: 24, height: 3 })],
        [
          graph('Active jobs, orphans', [own(metrics.activeJobs, Stats.MAXIMUM), own(metrics.orphans, Stats.MAXIMUM)]),
          graph('Oldest active job, s', [own(metrics.oldestActiveJobSeconds, Stats.MAXIMUM)]),
          graph('Detection lag, ms', [
            own(metrics.detectionLagMs, Stats.p(50)),
            own(metrics.detectionLagMs, Stats.p(99)),
          ]),
        ],
        [
          graph('Checks by kind', [by(metrics.checks, 'kind')]),
          graph('Check errors by host', [by(metrics.checkErrors, 'host'), own(metrics.credentialsRefused, Stats.SUM)]),
          graph('Announcements and deliveries by outcome', [
            by(metrics.announcements, 'outcome'),
            by(metrics.deliveries, 'outcome'),
          ]),
        ],
        [
          graph('Ticks waiting', [
            tickQueue.metricApproximateNumberOfMessagesVisible({ period }),
            tickQueue.metricApproximateNumberOfMessagesNotVisible({ period }),
            tickQueue.metricApproximateNumberOfMessagesDelayed({ period }),
          ]),
          graph('Function errors and throttles', [
            ...each(({ fn }) => fn.metricErrors({ period })),
            ...each(({ fn }) => fn.metricThrottles({ period })),
          ]),
          graph(
            'Function duration p99, ms',
            each(({ fn }) => fn.metricDuration({ period, statistic: Stats.p(99) })),
          ),
        ],
        [
          graph('Requests', [
            api.api.metricCount({ period }),
            api.api.metricClientError({ period }),
            api.api.metricServerError({ period }),
          ]),
          graph('Request latency p99, ms', [api.api.metricLatency({ period, statistic: Stats.p(99) })]),
        ],
      ],
    });
  }
}

const graph = (title: string, left: IMetric[]): IWidget => new GraphWidget({ title, left, width: 8, height: 6 });

/** Every value of a dimension, known when it is drawn and not before. */
const search = (service: string, name: string, dimension: string): MathExpression =>
  new MathExpression({
    label: '',
    expression: `SEARCH('{${metricNamespace},service,${dimension}} MetricName="${name}" service="${service}"', 'Sum')`,
    usingMetrics: {},
    period,
  });
