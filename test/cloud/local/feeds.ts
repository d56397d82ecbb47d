import { SQSClient } from '@aws-sdk/client-sqs';
import type { QueueFront } from '../queue-front.ts';
import type { Time } from '../scheduler/time.ts';
import type { OwnCredentials } from './create-resources.ts';
import type { DescribedCloud, EventSource } from './described-cloud.ts';
import { startEventSource } from './event-source.ts';
import type { LambdaHost } from './lambda-host.ts';

export type Feeds = {
  /** Whether no message can be taken, and none is at a function. */
  idle: () => boolean;
  close: () => Promise<void>;
};
export type FeedsOptions = {
  described: DescribedCloud;
  queues: QueueFront;
  invoke: LambdaHost['invoke'];
  /** The poller calls in the function's name. */
  tokenFor: (role_arn: string) => string;
  own: OwnCredentials;
  time: Time | undefined;
};

/** Feeds every function that a queue is mapped to. */
export function startFeeds({ described, queues, invoke, tokenFor, own, time }: FeedsOptions): Feeds {
  const operator = new SQSClient({ ...own, endpoint: queues.endpoint });
  const attributesOf = (queue: string): Record<string, unknown> =>
    described.queues.find(({ name }) => name === queue)?.properties ?? {};

  function feed(source: EventSource) {
    const fn = described.functions.find(({ name }) => name === source.function_name);
    const credentials = { ...own.credentials, sessionToken: tokenFor(fn?.role_arn ?? '') };
    const sqs = new SQSClient({ region: own.region, credentials, endpoint: queues.endpoint });
    const { RedrivePolicy, VisibilityTimeout } = attributesOf(source.queue);
    const dead_letter_arn: unknown = Object(RedrivePolicy).deadLetterTargetArn;
    const dead_letter_url =
      typeof dead_letter_arn === 'string' ? queues.queueUrl(dead_letter_arn.split(':').at(-1) ?? '') : null;
    const running = startEventSource({
      sqs,
      source,
      queue_url: queues.queueUrl(source.queue),
      queue_arn: queues.queueArn(source.queue),
      invoke,
      traceOf: queues.traceOf,
      ...(fn?.may_loop === true ? {} : { loops: { sqs: operator, dead_letter_url } }),
      ...(time === undefined
        ? {}
        : { again: { sqs: operator, time, visibility_timeout_s: Number(VisibilityTimeout ?? 30) } }),
    });
    return {
      idle: (): boolean => {
        const { ready, in_flight } = queues.depth(source.queue);
        return ready === 0 && in_flight === running.waiting();
      },
      close: () => running.close().finally(() => sqs.destroy()),
    };
  }
  const feeds = described.event_sources.filter(({ enabled }) => enabled).map(feed);
  return {
    idle: () => feeds.every(({ idle }) => idle()),
    close: async () => {
      await Promise.all(feeds.map(({ close }) => close()));
      operator.destroy();
    },
  };
}
