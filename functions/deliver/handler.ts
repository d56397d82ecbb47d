import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Delivery } from '../../lib/announce/delivery.ts';
import type { Teller } from '../../lib/announce/tell-target.ts';
import type { DynamoDeliveries } from '../../lib/aws/dynamo-deliveries.ts';
import type { DeliveryMessage } from '../../lib/aws/sqs-deliveries.ts';
import { nextAttemptDelayMs } from '../../lib/core/announcement.ts';
import type { Clock } from '../../lib/ports.ts';
import type { Log } from '../shared/log.ts';
import type { Measure } from '../shared/measure.ts';

export type DeliverPorts = {
  clock: Pick<Clock, 'now'>;
  /** Tells one target once; undefined when it is not configured any more. */
  tell: Teller;
  deliveries: Pick<DynamoDeliveries, 'record'>;
  queue: Record<'again' | 'giveUp', (message: DeliveryMessage) => Promise<void>>;
};

export type DeliverPlug = { read: (body: string) => DeliveryMessage; log: Log; measure: Measure };

const unconfigured: Delivery = { outcome: 'failed', gone: true, error: 'not_configured', retry_after_seconds: null };
/** A message may come this much early: a queue counts whole seconds. */
const early_ms = 1_000;

/** Tells targets, up to ten at once, and again by the table of retries; a delay longer than a queue's takes several rounds. */
export function createDeliverHandler(
  { clock, tell, deliveries, queue }: DeliverPorts,
  { read, log, measure }: DeliverPlug,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records: records }) => {
    return { batchItemFailures: (await Promise.all(records.map(run))).flat() };
  };

  async function run({ body, messageId }: SQSRecord): Promise<{ itemIdentifier: string }[]> {
    let message: DeliveryMessage | undefined;
    try {
      message = read(body);
      if (clock.now() < message.due_at_ms - early_ms) await queue.again(message);
      else await attempt(message);
      return [];
    } catch (error) {
      log.error('comes again', { job_id: message?.event.data.job_id ?? null, message_id: messageId, error });
      return [{ itemIdentifier: messageId }];
    }
  }

  async function attempt({ target, event, attempts: before }: DeliveryMessage): Promise<void> {
    const told = (await tell(target, event)) ?? unconfigured;
    const attempts = before + 1;
    const last_error = told.outcome === 'failed' ? told.error : null;
    const delay_ms =
      told.outcome === 'delivered' || told.gone ? null : nextAttemptDelayMs(attempts, told.retry_after_seconds);
    const state = told.outcome === 'delivered' ? 'delivered' : delay_ms === null ? 'failed' : 'pending';
    const next: DeliveryMessage = { target, event, attempts, due_at_ms: clock.now() + (delay_ms ?? 0) };
    // Written down before it is sent on: whoever dies between comes again with the same event id.
    await deliveries.record(next, { state, attempts, last_error });
    if (state === 'pending') await queue.again(next);
    if (state === 'failed') await queue.giveUp(next);
    measure({ Deliveries: 1 }, { outcome: state === 'pending' ? 'retried' : state });
    const about = { job_id: event.data.job_id, event_id: event.event_id, target, attempts, last_error };
    log[state === 'failed' ? 'error' : 'info'](state, about);
  }
}
