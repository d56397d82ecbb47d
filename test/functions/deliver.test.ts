import { describe, expect, it } from 'vitest';
import { createDeliverHandler } from '../../functions/deliver/handler.ts';
import type { Delivery } from '../../lib/announce/delivery.ts';
import { type DeliveryMessage, readDelivery } from '../../lib/aws/sqs-deliveries.ts';
import { aJob, anEvent, epoch_ms } from '../contracts/records.ts';
import { batchOf, hearing } from './hearing.ts';

const event = anEvent(aJob());
const message = (rest: Partial<DeliveryMessage> = {}): DeliveryMessage => ({
  target: 'ops',
  attempts: 0,
  due_at_ms: epoch_ms,
  event,
  ...rest,
});
const failure: Delivery = { outcome: 'failed', gone: false, error: 'http_500', retry_after_seconds: null };

/** A queue that keeps what is sent, a target that answers as told. */
function delivering(tell: () => Promise<Delivery> | undefined, broken = false) {
  const heard = hearing();
  const again: DeliveryMessage[] = [];
  const givenUp: DeliveryMessage[] = [];
  const recorded: unknown[] = [];
  let told = 0;
  const handler = createDeliverHandler(
    {
      clock: { now: () => epoch_ms },
      tell: () => {
        told += 1;
        return tell();
      },
      deliveries: {
        record: async ({ target }, state) => {
          if (broken) throw new Error('the table is busy');
          recorded.push({ target, ...state });
        },
      },
      queue: { again: async (one) => void again.push(one), giveUp: async (one) => void givenUp.push(one) },
    },
    { read: readDelivery, log: heard.log, measure: heard.measure },
  );
  return { ...heard, handler, again, givenUp, recorded, told: () => told };
}

describe('a delivery', () => {
  it('that is taken is written down and done', async () => {
    const { handler, again, recorded, figures } = delivering(async () => ({ outcome: 'delivered' }));
    expect(await handler(batchOf(message()))).toEqual({ batchItemFailures: [] });
    expect(recorded).toEqual([{ target: 'ops', state: 'delivered', attempts: 1, last_error: null }]);
    expect(figures).toEqual([{ Deliveries: 1, outcome: 'delivered' }]);
    expect(again).toEqual([]);
  });
  it('that fails comes again by the table of retries', async () => {
    const { handler, again, recorded } = delivering(async () => failure);
    for (const attempts of [0, 1, 2, 3, 4, 5, 6]) await handler(batchOf(message({ attempts })));
    expect(again.map(({ due_at_ms }) => (due_at_ms - epoch_ms) / 1000)).toEqual([5, 30, 120, 600, 1800, 3600, 7200]);
    expect(again.map(({ attempts }) => attempts)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(recorded.at(-1)).toEqual({ target: 'ops', state: 'pending', attempts: 7, last_error: 'http_500' });
  });
  it('that failed eight times is given up, into the dead letters', async () => {
    const { handler, again, givenUp, recorded, lines } = delivering(async () => failure);
    await handler(batchOf(message({ attempts: 7 })));
    expect([again.length, givenUp.length]).toEqual([0, 1]);
    expect(recorded).toEqual([{ target: 'ops', state: 'failed', attempts: 8, last_error: 'http_500' }]);
    expect(lines).toMatchObject([{ level: 'error', job_id: event.data.job_id, target: 'ops' }]);
  });
  it('that is refused for ever is given up at once, and so is one without a target', async () => {
    for (const tell of [async (): Promise<Delivery> => ({ ...failure, gone: true }), () => undefined]) {
      const { handler, givenUp } = delivering(tell);
      await handler(batchOf(message()));
      expect(givenUp).toHaveLength(1);
    }
  });
  it('that is not due yet is sent on, untried', async () => {
    const { handler, again, told } = delivering(async () => failure);
    const early = message({ attempts: 5, due_at_ms: epoch_ms + 3_600_000 });
    await handler(batchOf(early));
    expect(again).toEqual([early]);
    expect(told()).toBe(0);
  });
  it('that cannot be written down comes again, and holds no other up', async () => {
    const { handler, lines } = delivering(async () => ({ outcome: 'delivered' }), true);
    const early = message({ due_at_ms: epoch_ms + 60_000 });
    expect(await handler(batchOf(message(), early, 'no delivery'))).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm0' }, { itemIdentifier: 'm2' }],
    });
    expect(lines.map(({ job_id }) => job_id).sort()).toEqual([event.data.job_id, null]);
  });
});
