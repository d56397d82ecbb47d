import { Duration } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { metricNamespace, metrics } from '../env.ts';
import type { HandlerFunction } from './handler-function.ts';

export type AlarmsProps = {
  service: string;
  /** True while nothing is to run: what is silent or refused then is meant to be. */
  killSwitch: boolean;
  api: HttpApi;
  tickQueue: IQueue;
  deadLetters: { ticks: IQueue; schedules: IQueue; deliveries: IQueue };
  functions: {
    start: HandlerFunction;
    mcp: HandlerFunction;
    poll: HandlerFunction;
    deliver: HandlerFunction;
    sweep: HandlerFunction;
  };
  alarmTopic?: ITopic | undefined;
  /** Where `docs/runbook.md` is read. */
  runbookUrl: string;
};

type Rule = {
  metric: IMetric;
  /** Raised above this. */
  above: number;
  /** So many periods in a row (1). */
  periods?: number;
  what: string;
};

/** A metric of ours, over the whole deployment. */
export const ownMetric = (
  service: string,
  name: (typeof metrics)[keyof typeof metrics],
  statistic: string,
  period: Duration,
): Metric =>
  new Metric({ namespace: metricNamespace, metricName: name, dimensionsMap: { service }, statistic, period });

/** One alarm for everything that needs a person; the article in the runbook has the alarm's name, in kebab-case. */
export class Alarms extends Construct {
  readonly all: Alarm[] = [];

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { service, killSwitch, tickQueue, deadLetters, functions } = props;
    const five = Duration.minutes(5);
    const own = (name: (typeof metrics)[keyof typeof metrics], statistic: string, period = five) =>
      ownMetric(service, name, statistic, period);
    const waiting = (queue: IQueue) =>
      queue.metricApproximateNumberOfMessagesVisible({ statistic: Stats.MAXIMUM, period: five });
    const rules: Record<string, Rule> = {
      TickDeadLetters: { metric: waiting(deadLetters.ticks), above: 0, what: 'a tick failed five times' },
      ScheduleDeadLetters: {
        metric: waiting(deadLetters.schedules),
        above: 0,
        what: 'a heartbeat did not reach the tick queue',
      },
      DeliveryDeadLetters: { metric: waiting(deadLetters.deliveries), above: 0, what: 'a target was given up' },
      Orphans: {
        metric: own(metrics.orphans, Stats.MAXIMUM),
        above: 0,
        periods: 2,
        what: 'jobs run that nothing woke',
      },
      // Half an hour: a kind may ask for a look every fifteen minutes only.
      NoChecks: {
        metric: new MathExpression({
          label: 'jobs are active and none was checked',
          expression: 'IF(FILL(active, 0) > 0 AND FILL(checks, 0) < 1, 1, 0)',
          usingMetrics: {
            active: own(metrics.activeJobs, Stats.MINIMUM, Duration.minutes(30)),
            checks: own(metrics.checks, Stats.SUM, Duration.minutes(30)),
          },
          period: Duration.minutes(30),
        }),
        above: 0,
        what: 'jobs are active and none was checked in half an hour',
      },
      // With the kill switch nothing sweeps.
      ...(killSwitch ? {} : { SweepSilent: sweepSilent(tickQueue, own(metrics.activeJobs, Stats.SAMPLE_COUNT), five) }),
      WorkerErrors: {
        metric: errorRate([functions.poll, functions.deliver, functions.sweep], five),
        above: 5,
        periods: 2,
        what: 'more than 5 % of the background invocations fail',
      },
      ApiErrors: {
        metric: failedRequests(props.api, killSwitch ? [functions.start, functions.mcp] : [], five),
        above: 5,
        periods: 2,
        what: 'more than 5 % of the requests are answered with 500 or more',
      },
      CredentialRefused: {
        // Checks count the first, and whoever asked for the token the second: a start dies of it too.
        metric: new MathExpression({
          label: 'refused credentials',
          expression: 'FILL(refused, 0) + FILL(dead, 0)',
          usingMetrics: {
            refused: own(metrics.credentialsRefused, Stats.SUM),
            dead: own(metrics.credentialDead, Stats.SUM),
          },
          period: five,
        }),
        above: 0,
        what: 'a remote system refused the credential of a connection',
      },
    };
    for (const [name, rule] of Object.entries(rules)) this.#raise(name, rule, props);
  }

  #raise(name: string, { metric, above, periods = 1, what }: Rule, props: AlarmsProps): void {
    const article = name.replace(/(?!^)[A-Z]/g, '-$&').toLowerCase();
    const alarm = new Alarm(this, name, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: periods,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription: `untildone ${props.service}: ${what}. What to do: ${props.runbookUrl}#${article}`,
    });
    if (props.alarmTopic !== undefined) alarm.addAlarmAction(new SnsAction(props.alarmTopic));
    this.all.push(alarm);
  }
}

/**
 * Silence counts from when the tick queue is polled, which is from the deployment on: an alarm that took every missing figure
 * for silence would rise with each new stack. A sweep runs every five minutes, a minute late at most, so that one period may
 * have none.
 */
const sweepSilent = (tickQueue: IQueue, sweeps: IMetric, period: Duration): Rule => ({
  metric: new MathExpression({
    label: 'no sweep',
    expression: 'IF(FILL(lives, 0) > 0 AND FILL(sweeps, 0) < 1, 1, 0)',
    usingMetrics: {
      lives: tickQueue.metricApproximateNumberOfMessagesVisible({ period, statistic: Stats.SAMPLE_COUNT }),
      sweeps,
    },
    period,
  }),
  above: 0,
  periods: 3,
  what: 'no sweep reported in fifteen minutes',
});

/**
 * Requests that were answered with 500 or more, in per cent, by the API's own count: it has those a function answers in words,
 * those it crashed or hung on, and those API Gateway failed by itself. Not those for functions that are stopped.
 */
function failedRequests(api: HttpApi, stopped: readonly HandlerFunction[], period: Duration): MathExpression {
  const statistic = Stats.SUM;
  const usingMetrics: Record<string, IMetric> = {
    failed: api.metricServerError({ period, statistic }),
    requests: api.metricCount({ period, statistic: Stats.SAMPLE_COUNT }),
  };
  for (const [number, { fn }] of stopped.entries())
    usingMetrics[`t${number}`] = fn.metricThrottles({ period, statistic });
  const meant = stopped.map((_, number) => ` - FILL(t${number}, 0)`).join('');
  return new MathExpression({
    label: 'failed requests, %',
    expression: `IF(FILL(requests, 0) > 0, 100 * (FILL(failed, 0)${meant}) / FILL(requests, 0), 0)`,
    usingMetrics,
    period,
  });
}

/** Failed invocations of these functions, in per cent. */
function errorRate(functions: readonly HandlerFunction[], period: Duration): MathExpression {
  const usingMetrics: Record<string, IMetric> = {};
  for (const [number, { fn }] of functions.entries()) {
    usingMetrics[`e${number}`] = fn.metricErrors({ period, statistic: Stats.SUM });
    usingMetrics[`i${number}`] = fn.metricInvocations({ period, statistic: Stats.SUM });
  }
  const sum = (letter: string) => functions.map((_, number) => `FILL(${letter}${number}, 0)`).join(' + ');
  return new MathExpression({
    label: 'failed invocations, %',
    expression: `IF((${sum('i')}) > 0, 100 * (${sum('e')}) / (${sum('i')}), 0)`,
    usingMetrics,
    period,
  });
}
