import { describe, expect, it } from 'vitest';
import { synthesized } from './synthesized.ts';

type Query = { Id: string; Expression?: string; MetricStat?: { Metric: { MetricName: string; Namespace: string } } };
type Properties = { Metrics: Query[]; Threshold: number; EvaluationPeriods: number; TreatMissingData: string };
/** One period's figures by the metric's name; a metric that is left out has no data. */
type Period = Record<string, number>;

const normal = synthesized();
const stopped = synthesized({ killSwitch: true });
const alarmOf = (stack: typeof normal, article: string): Properties | undefined =>
  stack
    .all('AWS::CloudWatch::Alarm')
    .find(({ AlarmDescription }) => String(AlarmDescription).endsWith(`#${article}`)) as Properties | undefined;

/** A metric expression as CloudWatch reads it, over one period; as much of its language as ours speak. */
function figureOf({ Metrics }: Properties, period: Period): number {
  const expression = Metrics.find(({ Expression }) => Expression !== undefined)?.Expression ?? '';
  const named = Metrics.filter(({ MetricStat }) => MetricStat !== undefined);
  const compute = new Function(
    'IF',
    'FILL',
    ...named.map(({ Id }) => Id),
    `return ${expression.replaceAll(' AND ', ' && ')};`,
  );
  const IF = (condition: boolean, then: number, otherwise: number): number => (condition ? then : otherwise);
  const FILL = (value: number | undefined, without: number): number => value ?? without;
  return Number(compute(IF, FILL, ...named.map(({ MetricStat }) => period[MetricStat?.Metric.MetricName ?? ''])));
}

/** Whether the alarm is raised when these periods, oldest first, have passed. */
function isRaised(alarm: Properties | undefined, periods: readonly Period[]): boolean {
  if (alarm === undefined) return false;
  expect(alarm.TreatMissingData).toBe('notBreaching');
  const last = periods.slice(-alarm.EvaluationPeriods);
  return last.length === alarm.EvaluationPeriods && last.every((period) => figureOf(alarm, period) > alarm.Threshold);
}

const times = (number: number, period: Period): Period[] => Array.from({ length: number }, () => period);
const queue = 'ApproximateNumberOfMessagesVisible';

describe('API errors', () => {
  const alarm = alarmOf(normal, 'api-errors');
  it('are those that API Gateway counts, whoever answered them', () => {
    const metrics = alarm?.Metrics.flatMap(({ MetricStat }) => (MetricStat === undefined ? [] : [MetricStat.Metric]));
    expect(metrics).toMatchObject([
      { Namespace: 'AWS/ApiGateway', MetricName: '5xx' },
      { Namespace: 'AWS/ApiGateway', MetricName: 'Count' },
    ]);
  });
  it.each([
    ['no request', {}, false],
    ['requests without a failure', { Count: 40 }, false],
    ['one failure of many', { Count: 40, '5xx': 2 }, false],
    ['a tenth of them', { Count: 40, '5xx': 4 }, true],
    ['all of them', { Count: 1, '5xx': 1 }, true],
  ])('%s', (_, period, raised) => {
    expect(isRaised(alarm, times(2, period))).toBe(raised);
  });
  it('are not the requests that the kill switch turns away', () => {
    const refused = { Count: 30, '5xx': 20, Throttles: 10 };
    expect(isRaised(alarmOf(stopped, 'api-errors'), times(2, refused))).toBe(false);
    expect(isRaised(alarmOf(stopped, 'api-errors'), times(2, { ...refused, '5xx': 25 }))).toBe(true);
    expect(isRaised(alarm, times(2, refused))).toBe(true);
  });
});

describe('a silent sweep', () => {
  const alarm = alarmOf(normal, 'sweep-silent');
  const swept = { [queue]: 5, ActiveJobs: 1 };
  const silent = { [queue]: 5 };
  it('is none before there is a deployment, nor in its first minutes', () => {
    expect(isRaised(alarm, times(12, {}))).toBe(false);
    expect(isRaised(alarm, [{}, {}, silent, silent])).toBe(false);
    expect(isRaised(alarm, [{}, silent, silent, swept])).toBe(false);
  });
  it('is none when a sweep is a little late', () => {
    expect(isRaised(alarm, [swept, silent, { ...swept, ActiveJobs: 2 }, silent])).toBe(false);
  });
  it('is one after fifteen minutes, also when there never was a sweep, until the next', () => {
    expect(isRaised(alarm, [swept, ...times(3, silent)])).toBe(true);
    expect(isRaised(alarm, times(3, silent))).toBe(true);
    expect(isRaised(alarm, [...times(9, silent), swept])).toBe(false);
  });
  it('is meant under the kill switch, where there is no such alarm', () => {
    expect(alarm).toBeDefined();
    expect(alarmOf(stopped, 'sweep-silent')).toBeUndefined();
  });
});
