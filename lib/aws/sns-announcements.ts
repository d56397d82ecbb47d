import {
  type MessageAttributeValue,
  PublishCommand,
  type PublishCommandInput,
  type SNSClient,
} from '@aws-sdk/client-sns';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { emailOf } from '../announce/email.ts';
import { chatNotificationOf } from '../announce/slack.ts';
import type { JobEvent } from '../core/announcement.ts';
import type { AnnouncementState } from '../core/descriptor.ts';
import { ConfigError } from '../core/errors.ts';
import type { SharedNews } from '../core/shared-news.ts';
import { peopleAttribute } from '../env.ts';
import type { Announcements, Clock } from '../ports.ts';
import { said } from './service-errors.ts';
import { createSqsDeliveries } from './sqs-deliveries.ts';

/** The topics, as a job's announcements show them. No target of the configuration can be named like that. */
export const topicTargets = { outcomes: 'sns:outcomes', chat: 'sns:chat' } as const;

/** How one event fares with one target, and whether the topic or the delivery queue has it. */
export type DeliveryState = AnnouncementState & { handed_over: boolean; put_at_ms: number };

/** The per-target states, as far as handing over needs them. A job's are found by its id, ordered by event and target. */
export type DeliveryStates = {
  /** Writes a state unless there is one for this event and target; returns what stands. */
  put(job_id: string, state: DeliveryState): Promise<{ created: boolean; state: DeliveryState }>;
  /** Sets `handed_over`: a topic has `delivered` with it, the delivery queue goes on from `pending`. */
  handedOver(job_id: string, event_id: string, target: string, by: 'topic' | 'queue'): Promise<void>;
  list(job_id: string): Promise<DeliveryState[]>;
  /** Whether this event is the one that tells `target` of `key`: the first within a day, also when it asks again. */
  isFirst(key: string, target: string, event_id: string): Promise<boolean>;
};

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
  clock: Clock;
};

type Handing = { target: string; by: 'topic' | 'queue'; hand: () => Promise<unknown> };

/** Longer than a publish takes; a state put longer ago was left by who failed or died. */
const underWayMs = 5_000;
const lookAgainMs = 250;

/**
 * Announces on SNS, and hands webhook and Slack targets over to the delivery queue. Each is marked once it is handed over:
 *
 *   put ── created ──────────────────────────────────→ hand over → mark
 *      └── there ── marked → done
 *               └── unmarked ── young: somebody is at it: look again ── marked → done
 *                          └── 5 s old: whoever put it failed or died → hand over → mark
 *
 * so that two ticks that finish a job at once tell it once, and a crash tells it twice rather than never.
 */
export function createSnsAnnouncements(options: SnsAnnouncementsOptions): Announcements {
  const { sns, topic_arn, chat_topic_arn, deliveries, sqs, delivery_queue_url, clock } = options;
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
    const topic = (target: string, input: PublishCommandInput): Handing => ({
      target,
      by: 'topic',
      hand: () => said(`the topic ${target}`, () => sns.send(new PublishCommand(input))),
    });
    const { outcomes, chat } = topicTargets;
    const told = shared === undefined ? null : await firstTold(event, targets, shared);
    const hears = (target: string): boolean => told?.includes(target) ?? true;
    return [
      // The topic has programs among its subscribers: they hear of every event.
      topic(outcomes, { TopicArn: topic_arn, ...outcomeMessage(event, { told_people: !hears(outcomes) }) }),
      ...(chat_topic_arn === null || !hears(chat)
        ? []
        : [topic(chat, { TopicArn: chat_topic_arn, Message: JSON.stringify(chatNotificationOf(event)) })]),
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

  async function handOver(event: JobEvent, { target, by, hand }: Handing): Promise<void> {
    const { event_id, data } = event;
    const fresh = { target, event_id, state: 'pending', attempts: 0, last_error: null } as const;
    const put = await deliveries.put(data.job_id, { ...fresh, handed_over: false, put_at_ms: clock.now() });
    if (!put.created && (await isHandedOver(data.job_id, put.state))) return;
    await hand();
    await deliveries.handedOver(data.job_id, event_id, target, by);
  }

  async function isHandedOver(job_id: string, known: DeliveryState): Promise<boolean> {
    let state: DeliveryState | undefined = known;
    while (state !== undefined && !state.handed_over) {
      if (clock.now() - state.put_at_ms >= underWayMs) return false;
      await clock.sleep(lookAgainMs);
      const { event_id, target } = known;
      state = (await deliveries.list(job_id)).find((one) => one.event_id === event_id && one.target === target);
    }
    return state !== undefined;
  }

  return {
    publish: async (event, targets, shared) => {
      const handings = await handingsOf(event, targets, shared);
      const all = await Promise.allSettled(handings.map((handing) => handOver(event, handing)));
      // Every target had its turn; who failed has it again with the next tick, the others are marked.
      for (const one of all) if (one.status === 'rejected') throw one.reason;
    },
    list: listAnnouncements(deliveries).list,
  };
}

/** How announcements fare, for who only reads: without what handing over keeps for itself. */
export const listAnnouncements = (deliveries: Pick<DeliveryStates, 'list'>): Pick<Announcements, 'list'> => ({
  list: async ({ job_id }) =>
    (await deliveries.list(job_id)).map(({ handed_over: _, put_at_ms: __, ...state }) => state),
});

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
