import { invalid } from './service-error.ts';

/** When a schedule fires: again and again, or once. */
export type Expression = { type: 'rate'; every_ms: number } | { type: 'at'; at_ms: number };

const unitMs: Record<string, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * Reads `rate(…)` and `at(…)`. A value of 1 wants the singular, as EventBridge rules do: stricter than the Scheduler's
 * pages say. `cron(…)` and time zones other than UTC are refused: nothing here uses them.
 */
export function readExpression(text: string, timezone: string | undefined): Expression {
  const refused = invalid(`Invalid Schedule Expression ${text}.`);
  if (text.startsWith('cron(')) throw invalid('cron() is valid on AWS, but this server does not model it.');
  if (timezone !== undefined && timezone !== 'UTC') throw invalid(`Time zone ${timezone} is not modelled here.`);
  const rate = /^rate\(([1-9]\d{0,5}) (minute|hour|day)(s?)\)$/.exec(text);
  if (rate !== null) {
    const [, value, unit, plural] = rate;
    if ((value === '1') !== (plural === '')) throw refused;
    return { type: 'rate', every_ms: Number(value) * (unitMs[unit ?? ''] ?? 0) };
  }
  const at = /^at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)$/.exec(text);
  const at_ms = Date.parse(`${at?.[1]}Z`);
  if (Number.isNaN(at_ms)) throw refused;
  return { type: 'at', at_ms };
}

/** The first time at or after `from_ms`, or undefined when there is none before the end. */
export function nextTime(
  expression: Expression,
  window: { start_ms: number; end_ms: number | null },
  from_ms: number,
): number | undefined {
  // The window is ignored for one-time schedules.
  if (expression.type === 'at') return expression.at_ms >= from_ms ? expression.at_ms : undefined;
  const { every_ms } = expression;
  const beats = Math.max(0, Math.ceil((from_ms - window.start_ms) / every_ms));
  const next_ms = window.start_ms + beats * every_ms;
  return window.end_ms !== null && next_ms > window.end_ms ? undefined : next_ms;
}
