import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { z } from 'zod';
import type { JobEvent } from '../core/announcement.ts';
import { InvariantError } from '../core/errors.ts';
import type { Clock } from '../ports.ts';
import { said } from './service-errors.ts';

/** One event for one target, on its way. `attempts` were made before; `due_at_ms` can lie beyond what a message can be delayed by. */
export type DeliveryMessage = { target: string; attempts: number; due_at_ms: number; event: JobEvent };

export type SqsDeliveries = { send(message: DeliveryMessage): Promise<void> };

const maxDelaySeconds = 900;

/** Messages of the delivery queue. One that is due beyond 15 minutes comes early: whoever reads it sends it again, untried. */
export function createSqsDeliveries({
  sqs,
  queue_url,
  clock,
}: {
  sqs: SQSClient;
  queue_url: string;
  clock: Pick<Clock, 'now'>;
}): SqsDeliveries {
  return {
    send: async ({ target, attempts, due_at_ms, event }) => {
      const delay_seconds = Math.max(0, Math.ceil((due_at_ms - clock.now()) / 1000));
      const command = new SendMessageCommand({
        QueueUrl: queue_url,
        MessageBody: JSON.stringify({ target, attempts, due_at_ms, event }),
        DelaySeconds: Math.min(delay_seconds, maxDelaySeconds),
      });
      await said('the delivery queue', () => sqs.send(command));
    },
  };
}

const messageSchema = z.strictObject({
  target: z.string().min(1),
  attempts: z.int().min(0),
  due_at_ms: z.number(),
  event: z.looseObject({ event_id: z.string(), type: z.string(), timestamp: z.string(), data: z.looseObject({}) }),
});

/** Reads a message of the delivery queue. Throws InvariantError for anything else. */
export function readDelivery(body: string): DeliveryMessage {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    throw new InvariantError('got a message in the delivery queue that is no JSON', { cause });
  }
  const read = messageSchema.safeParse(value);
  if (!read.success) throw new InvariantError('got a message in the delivery queue that is no delivery');
  return read.data as unknown as DeliveryMessage; // its event was written by `send`, from the same type
}
