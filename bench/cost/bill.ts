import { assumed, prices } from './prices.ts';

/** What one job was billed for, counted at the servers that stand for AWS; its checks beside it. */
export type Counts = {
  checks: number;
  api_requests: number;
  /** Ticks that looked at the remote system, and those that found nothing to do. */
  looking_ticks: number;
  idle_ticks: number;
  heartbeats: number;
  write_units: number;
  read_units: number;
  publishes: number;
};

/** $ per million jobs; how many ticks a batch brings decides what each costs. */
export function billOf(counts: Counts, batch: 1 | 10): number {
  const ticks = counts.looking_ticks + counts.idle_ticks;
  const looking = batch === 1 ? run(assumed.check_seconds) : run(assumed.batch_seconds) / batch;
  return (
    counts.api_requests * prices.http_api_request +
    run(assumed.start_seconds) +
    counts.looking_ticks * looking +
    (counts.idle_ticks * run(assumed.idle_seconds)) / batch +
    // Each tick is sent by itself; ten are received and deleted at once.
    ticks * prices.sqs_request * (1 + 2 / batch) +
    counts.heartbeats * prices.scheduler_invocation +
    counts.write_units * prices.dynamodb_write_unit +
    counts.read_units * prices.dynamodb_read_unit +
    counts.publishes * (prices.sns_publish + prices.sns_https_delivery)
  );
}

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
