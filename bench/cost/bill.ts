import { assumed, prices } from './prices.ts';

/** What one job was billed for, counted at the servers that stand for AWS; its checks beside it. */
export type Counts = {
  checks: number;
  api_requests: number;
  /** Ticks that looked at the remote system, and those that found nothing to do. */
  looking_ticks: number;
  idle_ticks: number;
  /** Requests that put ticks into their queue: ours, and one of Scheduler for each heartbeat. */
  sends: number;
  heartbeats: number;
  write_units: number;
  read_units: number;
  /** Requests to topics, each 64 KB of one as one; and messages that a topic handed on, to one https subscriber each. */
  publishes: number;
  deliveries: number;
};

/** What a bill is for. */
export const billed = [
  'API request and start',
  'looks at the remote system',
  'ticks with nothing to do',
  'tick queue',
  'heartbeats',
  'table writes',
  'table reads',
  'announcement',
] as const;
export type Bill = Record<(typeof billed)[number], number>;

/** $ per million jobs, by what it is for. Ten ticks in a batch share an invocation, and are received and deleted at once. */
export function itemsOf(counts: Counts, batch: 1 | 10): Bill {
  const ticks = counts.looking_ticks + counts.idle_ticks;
  const looking = batch === 1 ? run(assumed.check_seconds) : run(assumed.batch_seconds) / batch;
  return {
    'API request and start': counts.api_requests * prices.http_api_request + run(assumed.start_seconds),
    'looks at the remote system': counts.looking_ticks * looking,
    'ticks with nothing to do': (counts.idle_ticks * run(assumed.idle_seconds)) / batch,
    'tick queue': (counts.sends + (2 * ticks) / batch) * prices.sqs_request,
    heartbeats: counts.heartbeats * prices.scheduler_invocation,
    'table writes': counts.write_units * prices.dynamodb_write_unit,
    'table reads': counts.read_units * prices.dynamodb_read_unit,
    announcement: counts.publishes * prices.sns_publish + counts.deliveries * prices.sns_https_delivery,
  };
}

/** $ per million jobs, all in all. */
export const billOf = (counts: Counts, batch: 1 | 10): number =>
  Object.values(itemsOf(counts, batch)).reduce((sum, item) => sum + item, 0);

/** A million invocations with their log. */
const run = (seconds: number): number =>
  prices.lambda_request +
  assumed.memory_gb * seconds * prices.lambda_gb_second * 1e6 +
  ((assumed.log_kb * 1e6) / 1024 ** 2) * prices.log_gb;

/** What every way pays beside its checks: the request that starts it, and one announcement. */
const ends = (): number =>
  prices.http_api_request + run(assumed.start_seconds) + prices.sns_publish + prices.sns_https_delivery;

/** Wait, HTTP task, choice: three transitions a check, and three round them. $ per million jobs. */
export const stepFunctionsBill = (checks: number): number =>
  (3 * checks + 3) * prices.step_functions_transition + ends();

/** One durable operation and one invocation a check, and three operations round them. $ per million jobs. */
export const durableBill = (checks: number): number =>
  (checks + 3) * prices.durable_operation + (checks + 1) * run(assumed.check_seconds) + ends();
