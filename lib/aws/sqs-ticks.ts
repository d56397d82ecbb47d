import { type BatchResultErrorEntry, SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { InvariantError } from '../core/errors.ts';
import { jobIdPattern } from '../core/job.ts';
import type { Clock, SendMany, Tick, Ticks } from '../ports.ts';
import { count, isObject, parseMessage, type Shape, shapeProblem, time_ms } from './read-message.ts';
import { inOurWords } from './service-errors.ts';

export type SqsTicksOptions = { sqs: SQSClient; queue_url: string; clock: Pick<Clock, 'now'> };

/** SQS delays a message by 15 minutes at most. */
const maxDelaySeconds = 900;
/** Entries of one request. */
const mostEntries = 10;
const queue = 'the tick queue';

/**
 * The chain's ticks as delayed messages of a standard queue: at least once, in any order. The delay is counted from the
 * due time anew with each tick, so that errors do not add up; rounded up, since an early tick is only sent again. A tick
 * that is due beyond 15 minutes is not sent: the heartbeat carries it.
 */
export function createSqsTicks(options: SqsTicksOptions): Ticks {
  const sendMany = createSqsSendMany(options);
  return {
    send: async (tick) => {
      const [failure] = await sendMany([tick]);
      if (failure !== undefined) throw failure;
    },
  };
}

/** Sends up to ten ticks in a request, which costs what one of a single tick does. */
export function createSqsSendMany({ sqs, queue_url, clock }: SqsTicksOptions): SendMany {
  async function sendSome(ticks: readonly Tick[]): Promise<(Error | undefined)[]> {
    const Entries = ticks
      .map((tick, at) => ({
        Id: String(at),
        MessageBody: JSON.stringify(bodyOf(tick)),
        DelaySeconds: Math.max(0, Math.ceil((tick.due_at_ms - clock.now()) / 1000)),
      }))
      .filter(({ DelaySeconds }) => DelaySeconds <= maxDelaySeconds);
    if (Entries.length === 0) return ticks.map(() => undefined);
    try {
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queue_url, Entries }));
      const failed = new Map(Failed.map((entry) => [entry.Id, inOurWords(queue, refusal(entry))]));
      return ticks.map((_, at) => failed.get(String(at)));
    } catch (cause) {
      const failure = inOurWords(queue, cause);
      return ticks.map(() => failure);
    }
  }
  return async (ticks) => {
    const outcomes: (Error | undefined)[] = [];
    for (let from = 0; from < ticks.length; from += mostEntries)
      outcomes.push(...(await sendSome(ticks.slice(from, from + mostEntries))));
    return outcomes;
  };
}

/** The refusal of one entry, in the shape of the error that it would have been alone. */
const refusal = ({ Code, Message, SenderFault }: BatchResultErrorEntry): Error =>
  Object.assign(new Error(Message), { name: Code?.split('.').at(-1), $fault: SenderFault ? 'client' : 'server' });

/** Only these fields travel, whatever else an object carries. */
const bodyOf = ({ job_id, generation_ms, carrier, expected_checks, due_at_ms }: Tick): Tick => ({
  job_id,
  generation_ms,
  carrier,
  expected_checks,
  due_at_ms,
});

const refShape: Shape = {
  job_id: [(value) => typeof value === 'string' && jobIdPattern.test(value), 'the id of a job'],
  generation_ms: count,
};
const ownShape: Shape = {
  ...refShape,
  carrier: [(value) => value === 'chain' || value === 'heartbeat', '"chain" or "heartbeat"'],
  expected_checks: [(value) => value === null || count[0](value), 'null or a whole number from 0 up'],
  due_at_ms: time_ms,
};
const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;
/** As EventBridge Scheduler sends it, with the time in its own words. */
const scheduledShape: Shape = {
  ...refShape,
  carrier: [(value) => value === 'heartbeat', '"heartbeat"'],
  expected_checks: [(value) => value === null, 'null'],
  due_at: [
    (value) => typeof value === 'string' && instant.test(value) && !Number.isNaN(Date.parse(value)),
    'a time such as 2026-11-21T09:01:00Z',
  ],
};

/** Reads a message of the tick queue, from either carrier. Throws InvariantError for anything else: it belongs into the dead letter queue. */
export function readTick(body: string): Tick {
  const value = parseMessage(body, queue);
  const scheduled = isObject(value) && Object.hasOwn(value, 'due_at');
  const problem = shapeProblem(value, scheduled ? scheduledShape : ownShape);
  if (problem !== undefined) throw new InvariantError(`got a message in the tick queue that is no tick: ${problem}`);
  if (!scheduled) return value as Tick; // exactly the fields of `ownShape`
  const { due_at, ...tick } = value as Omit<Tick, 'due_at_ms'> & { due_at: string };
  return { ...tick, due_at_ms: Date.parse(due_at) };
}
