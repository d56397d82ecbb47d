import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { InvariantError } from '../core/errors.ts';
import { jobIdPattern } from '../core/job.ts';
import type { Clock, Tick, Ticks } from '../ports.ts';
import { said } from './service-errors.ts';

export type SqsTicksOptions = { sqs: SQSClient; queue_url: string; clock: Pick<Clock, 'now'> };

/** SQS delays a message by 15 minutes at most. */
const maxDelaySeconds = 900;

/**
 * The chain's ticks as delayed messages of a standard queue: at least once, in any order. The delay is counted from the
 * due time anew with each tick, so that errors do not add up; rounded up, since an early tick is only sent again. A tick
 * that is due beyond 15 minutes is not sent: the heartbeat carries it.
 */
export function createSqsTicks({ sqs, queue_url, clock }: SqsTicksOptions): Ticks {
  return {
    send: async (tick) => {
      const DelaySeconds = Math.max(0, Math.ceil((tick.due_at_ms - clock.now()) / 1000));
      if (DelaySeconds > maxDelaySeconds) return;
      const MessageBody = JSON.stringify(bodyOf(tick));
      const command = new SendMessageCommand({ QueueUrl: queue_url, MessageBody, DelaySeconds });
      await said('the tick queue', () => sqs.send(command));
    },
  };
}

/** Only these fields travel, whatever else an object carries. */
const bodyOf = ({ job_id, generation_ms, carrier, expected_checks, due_at_ms }: Tick): Tick => ({
  job_id,
  generation_ms,
  carrier,
  expected_checks,
  due_at_ms,
});

const refShape = { job_id: z.string().regex(jobIdPattern), generation_ms: z.int().min(0) };
const tickSchema = z.union([
  z.strictObject({
    ...refShape,
    carrier: z.enum(['chain', 'heartbeat']),
    expected_checks: z.int().min(0).nullable(),
    due_at_ms: z.number(),
  }),
  // As EventBridge Scheduler sends it, with the time in its own words.
  z
    .strictObject({
      ...refShape,
      carrier: z.literal('heartbeat'),
      expected_checks: z.null(),
      due_at: z.iso.datetime(),
    })
    .transform(({ due_at, ...tick }) => ({ ...tick, due_at_ms: Date.parse(due_at) })),
]);

/** Reads a message of the tick queue, from either carrier. Throws InvariantError for anything else: it belongs into the dead letter queue. */
export function readTick(body: string): Tick {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new InvariantError('got a message in the tick queue that is no JSON', { cause });
  }
  const read = tickSchema.safeParse(value);
  if (!read.success) throw new InvariantError('got a message in the tick queue that is no tick');
  return read.data;
}
