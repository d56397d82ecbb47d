import type { MessageAttributeValue, SNSClient } from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { emailOf } from '../announce/email.ts';
import { chatNotificationOf } from '../announce/slack.ts';
import type { JobEvent } from '../core/announcement.ts';
import { ConfigError } from '../core/errors.ts';
import type { SharedNews } from '../core/shared-news.ts';
import { peopleAttribute } from '../env.ts';
import type { Announcements, Clock } from '../ports.ts';
import { type DeliveryStates, statesOf, topicTargets } from './announcement-states.ts';
import { createSnsPublisher, type TopicMessage } from './sns-publisher.ts';
import { createSqsDeliveries } from './sqs-deliveries.ts';

export type SnsAnnouncementsOptions = {
  sns: SNSClient;
  /** Hears of every event; subscribers choose by filter policy. */
  topic_arn: string;
  /** For Amazon Q Developer in chat; null without a Slack channel. Hears of every event. */
  chat_topic_arn: string | null;
  deliveries: DeliveryStates;
  sqs: SQSClient;
  /** For webhook and Slack targets; null when the stack has none. */
  delivery_queue_url: string | null;
  clock: Pick<Clock, 'now'>;
};

type Handing = { target: string; by: 'topic' | 'queue'; hand: () => Promise<unknown> };

/**
 * Announces on SNS, and hands webhook and Slack targets over to the delivery queue. What a target has is put down once it has
 * it; but for the topic that hears of everything: it has an event that is struck off. Only when the event stays owed since
 * another target failed, that is put down too. So a crash tells some twice rather than never.
 */
export function createSnsAnnouncements(options: SnsAnnouncementsOptions): Announcements {
  const { sns, topic_arn, chat_topic_arn, deliveries, sqs, delivery_queue_url, clock } = options;
  const publish = createSnsPublisher(sns);
  const queue = delivery_queue_url === null ? null : createSqsDeliveries({ sqs, queue_url: delivery_queue_url, clock });

  /** Those that may tell people of `shared`, of all that could. */
  async function firstTold(event: JobEvent, targets: readonly string[], shared: SharedNews): Promise<string[]> {
    const { outcomes, chat } = topicTargets;
    const people = [
      outcomes,
      ...(chat_topic_arn === null ? [] : [chat]),
      ...targets.filter((one) => shared.people.includes(one)),
    ];
    const first = await Promise.all(people.map((target) => deliveries.isFirst(shared.key, target, event.event_id)));
    return people.filter((_, position) => first[position]);
  }

  async function handingsOf(event: JobEvent, targets: readonly string[], shared?: SharedNews): Promise<Handing[]> {
    const topic = (target: string, arn: string, message: TopicMessage): Handing => ({
      target,
      by: 'topic',
      hand: () => publish(arn, message),
    });
    const { outcomes, chat } = topicTargets;
    const told = shared === undefined ? null : await firstTold(event, targets, shared);
    const hears = (target: string): boolean => told?.includes(target) ?? true;
    return [
      // The topic has programs among its subscribers: they hear of every event.
      topic(outcomes, topic_arn, outcomeMessage(event, { told_people: !hears(outcomes) })),
      ...(chat_topic_arn === null || !hears(chat)
        ? []
        : [topic(chat, chat_topic_arn, { Message: JSON.stringify(chatNotificationOf(event)) })]),
      ...targets
        .filter((target) => shared?.people.includes(target) !== true || hears(target))
        .map((target): Handing => ({ target, by: 'queue', hand: () => queueUp(event, target) })),
    ];
  }
  async function queueUp(event: JobEvent, target: string): Promise<void> {
    if (queue === null)
      throw new ConfigError(`"${target}" is to be told, but the stack has no delivery queue; deploy it again`);
    await queue.send({ target, attempts: 0, due_at_ms: clock.now(), event });
  }

  const putDown = (event_id: string, job_id: string, { target, by }: Handing): Promise<void> => {
    const state =
      by === 'topic' ? ({ state: 'delivered', attempts: 1 } as const) : ({ state: 'pending', attempts: 0 } as const);
    return deliveries.put(job_id, { target, event_id, ...state, last_error: null });
  };

  return {
    publish: async (event, targets, shared, again = false) => {
      const { event_id } = event;
      const { job_id } = event.data;
      const { states } = again ? await deliveries.list(job_id) : { states: [] };
      const had = states.filter((state) => state.event_id === event_id).map(({ target }) => target);
      const left = (await handingsOf(event, targets, shared)).filter(({ target }) => !had.includes(target));
      const handed: Handing[] = [];
      const all = await Promise.allSettled(
        left.map(async (handing) => {
          await handing.hand();
          if (handing.target === topicTargets.outcomes) handed.push(handing);
          else await putDown(event_id, job_id, handing);
        }),
      );
      const failed = all.find((one) => one.status === 'rejected');
      if (failed === undefined) return;
      // Every target had its turn; who failed has it again with a later tick, the others are put down.
      await Promise.all(handed.map((handing) => putDown(event_id, job_id, handing)));
      throw failed.reason;
    },
    list: (job) => statesOf(deliveries, job),
  };
}

/** Below the 256 KB of SNS, which count the attributes too. */
const maxMessageBytes = 250_000;

/** Text for people, the whole event as JSON for everything else. `told_people`: they have heard of it with another event. */
export function outcomeMessage(
  event: JobEvent,
  { told_people } = { told_people: false },
): {
  Subject: string;
  Message: string;
  MessageStructure: 'json';
  MessageAttributes: Record<string, MessageAttributeValue>;
} {
  const { subject, text } = emailOf(event);
  const messages = leavingOut(event).map((one) => JSON.stringify({ default: JSON.stringify(one), email: text }));
  return {
    Subject: subject,
    Message: messages.find((message) => Buffer.byteLength(message) <= maxMessageBytes) ?? messages.at(-1) ?? '',
    MessageStructure: 'json',
    MessageAttributes: attributesOf(event, told_people),
  };
}

/** The event whole, then without what can be big, biggest first. Text that is quoted twice can grow beyond any limit of ours. */
function leavingOut(event: JobEvent): JobEvent[] {
  const { data } = event;
  const warnings = [...data.warnings, 'too long for this message: parts were left out, see status_url'];
  const shorter = { ...data, warnings, observed: { ...data.observed, value: null } };
  const shortest = { ...shorter, result: null, handle: null };
  return [event, { ...event, data: shorter }, { ...event, data: shortest }];
}

/** Raw delivery to a queue drops messages with more than ten attributes: these, and the six below. */
const maxLabels = 4;
const attributeName = /^(?!.*\.\.)(?!.*\.$)[A-Za-z0-9_.-]{1,200}$/;

/** For filter policies: `event_type`, `status`, `kind`, `connection`, `reason` where there is one, `people` when they were told already, and `label.NAME`. */
function attributesOf({ type, data }: JobEvent, told_people: boolean): Record<string, MessageAttributeValue> {
  const labels = Object.entries(data.labels)
    .map(([name, value]): [string, string] => [`label.${name}`, value])
    .filter(([name, value]) => attributeName.test(name) && value !== '')
    .slice(0, maxLabels);
  const all: [string, string | null][] = [
    ['event_type', type],
    ['status', data.status],
    ['kind', data.kind],
    ['connection', data.connection],
    ['reason', data.reason],
    [peopleAttribute.name, told_people ? peopleAttribute.told : null],
    ...labels,
  ];
  return Object.fromEntries(
    all.flatMap(([name, value]) => (value === null ? [] : [[name, { DataType: 'String', StringValue: value }]])),
  );
}
