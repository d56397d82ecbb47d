import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { JobEvent } from '../core/announcement.ts';
import { InvariantError } from '../core/errors.ts';
import type { Clock } from '../ports.ts';
import { count, isObject, parseMessage, type Shape, shapeProblem, text, time_ms } from './read-message.ts';
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

const messageShape: Shape = {
  target: [(value) => typeof value === 'string' && value !== '', 'the name of a target'],
  attempts: count,
  due_at_ms: time_ms,
  event: [isObject, 'an object'],
};
/** What a target is told is not looked into any further. */
const eventShape: Shape = { event_id: text, type: text, timestamp: text, data: [isObject, 'an object'] };

/** Reads a message of the delivery queue. Throws InvariantError for anything else. */
export function readDelivery(body: string): DeliveryMessage {
  const value = parseMessage(body, 'the delivery queue');
  const problem = shapeProblem(value, messageShape) ?? eventProblem(value as DeliveryMessage); // of that shape
  if (problem !== undefined)
    throw new InvariantError(`got a message in the delivery queue that is no delivery: ${problem}`);
  return value as DeliveryMessage; // its event was written by `send`, from the same type
}

function eventProblem({ event }: DeliveryMessage): string | undefined {
  const problem = shapeProblem(event, eventShape);
  return problem === undefined ? undefined : `of its event, ${problem}`;
}
