import { createHash, randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Time } from '../scheduler/time.ts';
import type { Disturb } from './api-call.ts';
import type { Engine } from './engine.ts';
import type { GuardedAnswer } from './guard.ts';

/** A message on its way into a queue. */
export type Sending = { queue: string; body: string; delay_seconds: number };

export type SqsFrontOptions = {
  engine: Engine;
  /** The queue URL this front hands out. */
  urlOf: (queue: string) => string;
  /** Delays pass in this time, in the front; without it they are the engine's, in real time. */
  time: Time | undefined;
  disturb: Disturb<Sending>;
};

const maxDelaySeconds = 900;
const entrySchema = z.looseObject({
  Id: z.string().optional(),
  MessageBody: z.string(),
  DelaySeconds: z.number().optional(),
});
const sendSchema = z.looseObject({ ...entrySchema.shape, QueueUrl: z.string() });
const batchSchema = z.looseObject({ QueueUrl: z.string(), Entries: z.array(entrySchema).min(1).max(10) });
type Entry = z.output<typeof entrySchema>;

const json = (status: number, body: unknown, error: string | null = null): GuardedAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.0' },
  body: JSON.stringify(body),
  error,
});

/** An error in the shape of AWS JSON 1.0. */
export const sqsError = (type: string, message: string, status = 400): GuardedAnswer =>
  json(status, { __type: `com.amazonaws.sqs#${type}`, message }, type);

export const queueNameOf = (url: string): string => url.split('/').at(-1) ?? '';

/** What fauxqs leaves out of SQS: the limit of DelaySeconds, URLs that resolve, and messages that arrive twice, late, or never. */
export function createSqsFront({ engine, urlOf, time, disturb }: SqsFrontOptions) {
  const held = new Set<() => void>();
  /** AWSTraceHeader, which fauxqs does not keep. */
  const traces = new Map<string, string>();

  /** Takes one message; the answer is that of its first arrival. */
  async function send(queue_url: string, entry: Entry, headers: IncomingHttpHeaders): Promise<GuardedAnswer> {
    const { DelaySeconds: delay_seconds = 0, Id: _, ...message } = entry;
    const queue = queueNameOf(queue_url);
    if (!Number.isInteger(delay_seconds) || delay_seconds < 0 || delay_seconds > maxDelaySeconds)
      return sqsError(
        'InvalidParameterValue',
        `Value ${delay_seconds} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900.`,
      );
    const into = async (seconds: number): Promise<GuardedAnswer> => {
      const delay = seconds > 0 ? { DelaySeconds: seconds } : {};
      const sent = await engine.sqs('SendMessage', { ...message, QueueUrl: queue_url, ...delay }, headers);
      const trace = headers['x-amzn-trace-id'];
      const id: unknown = Reflect.get(JSON.parse(sent.body), 'MessageId');
      if (typeof trace === 'string' && typeof id === 'string') traces.set(id, trace);
      return sent;
    };
    let first: GuardedAnswer | undefined;
    for (const late_ms of disturb({ queue, body: entry.MessageBody, delay_seconds })) {
      const delay_ms = Math.max(0, delay_seconds * 1000 + late_ms);
      if (time === undefined || delay_ms === 0) {
        const sent = await into(Math.min(maxDelaySeconds, Math.ceil(delay_ms / 1000)));
        first ??= sent;
        continue;
      }
      const cancel = time.at(time.now() + delay_ms, async () => {
        held.delete(cancel);
        await into(0);
      });
      held.add(cancel);
    }
    if (first !== undefined) return first;
    // Held or lost: only the queue itself can be wrong.
    const known = await engine.sqs('GetQueueUrl', { QueueName: queue }, headers);
    if (known.error !== null) return known;
    // The SDK checks the digest.
    const MD5OfMessageBody = createHash('md5').update(entry.MessageBody).digest('hex');
    return json(200, { MessageId: randomUUID(), MD5OfMessageBody });
  }

  async function sendBatch(body: unknown, headers: IncomingHttpHeaders): Promise<GuardedAnswer> {
    const read = batchSchema.safeParse(body);
    if (!read.success) return sqsError('InvalidParameterValue', read.error.message);
    const Successful: unknown[] = [];
    const Failed: unknown[] = [];
    for (const entry of read.data.Entries) {
      const sent = await send(read.data.QueueUrl, entry, headers);
      const answered: object = JSON.parse(sent.body);
      if (sent.error === null) Successful.push({ ...answered, Id: entry.Id });
      else
        Failed.push({ Id: entry.Id, SenderFault: true, Code: sent.error, Message: Reflect.get(answered, 'message') });
    }
    return json(200, { Successful, Failed });
  }

  /** URLs in answers are the front's: fauxqs hands out host names that resolve nowhere. */
  function withOurUrls(answer: GuardedAnswer): GuardedAnswer {
    const body = answer.body.replace(/"https?:\/\/[^"]+\/\d{12}\/([A-Za-z0-9_.-]+)"/g, (_, name) =>
      JSON.stringify(urlOf(name)),
    );
    return { ...answer, body };
  }

  return {
    handle: async (
      action: string,
      body: unknown,
      headers: IncomingHttpHeaders,
      signal: AbortSignal,
    ): Promise<GuardedAnswer> => {
      if (action === 'SendMessageBatch') return sendBatch(body, headers);
      if (action !== 'SendMessage') return withOurUrls(await engine.sqs(action, body, headers, signal));
      const read = sendSchema.safeParse(body);
      if (!read.success) return sqsError('MissingParameter', read.error.message);
      const { QueueUrl, ...entry } = read.data;
      return send(QueueUrl, entry, headers);
    },
    traceOf: (message_id: string): string | undefined => traces.get(message_id),
    stop: (): void => {
      for (const cancel of held) cancel();
      held.clear();
    },
  };
}
