import { SubscribeCommand } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, it } from 'vitest';
import { type DeliveryStates, topicTargets } from '../../../lib/aws/announcement-states.ts';
import { createSnsAnnouncements, outcomeMessage } from '../../../lib/aws/sns-announcements.ts';
import { readDelivery } from '../../../lib/aws/sqs-deliveries.ts';
import type { Job } from '../../../lib/core/job.ts';
import type { SharedNews } from '../../../lib/core/shared-news.ts';
import type { Announcements, JobEvent } from '../../../lib/ports.ts';
import { aJob, anEvent, epoch_ms, owedBy, settledState } from '../../contracts/records.ts';
import type { FaultOf } from './api-call.ts';
import { type CloudWorld, cloudWorld } from './cloud-world.ts';
import { memoryDeliveries } from './memory-deliveries.ts';

/** Ended, with its first event; owed until it is paid. */
const ended = (job: Job, owed = false): Job => ({
  ...job,
  state: { ...job.state, ...settledState, events: 1, owed: owed ? [owedBy(job)] : [] },
});
const job = aJob();
const event = anEvent(job);
let world: CloudWorld;
let deliveries: DeliveryStates;
let announcements: Announcements;

type Options = { chat?: boolean; queue?: boolean; fault?: FaultOf; filter?: string };

async function open({ chat = false, queue = true, fault, filter }: Options = {}): Promise<void> {
  world = await cloudWorld({ epoch_ms, queues: fault === undefined ? {} : { fault } });
  deliveries = memoryDeliveries();
  const topics = { outcomes: await world.topic('outcomes'), chat: await world.topic('chat') };
  const subscribe = (TopicArn: string, Protocol: string, Endpoint: string, Attributes: Record<string, string> = {}) =>
    world.clients.sns.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
  await subscribe(topics.outcomes, 'email', 'ops@example.com', filter === undefined ? {} : { FilterPolicy: filter });
  await subscribe(topics.outcomes, 'sqs', world.front.queueArn('dead'), { RawMessageDelivery: 'true' });
  await subscribe(topics.chat, 'https', 'https://chat.example.com');
  announcements = createSnsAnnouncements({
    sns: world.clients.sns,
    topic_arn: topics.outcomes,
    chat_topic_arn: chat ? topics.chat : null,
    deliveries,
    sqs: world.clients.sqs,
    delivery_queue_url: queue ? world.front.queueUrl('deliveries') : null,
    clock: world.time,
  });
}
afterEach(() => world.close());

const publishes = (): number => world.front.calls.filter(({ action }) => action === 'sns:Publish').length;
const states = async (): Promise<[string, string][]> =>
  (await announcements.list(ended(job))).map(({ target, state }) => [target, state]);
const withData = (rest: Partial<JobEvent['data']>): JobEvent => ({ ...event, data: { ...event.data, ...rest } });

describe('announcements on SNS', () => {
  it('mail people a text, and send machines the whole event', async () => {
    await open();
    await announcements.publish(event, []);
    expect(world.front.mailbox).toMatchObject([
      { endpoint: 'ops@example.com', subject: expect.stringContaining('nightly') },
    ]);
    expect(world.front.mailbox[0]?.text).toContain(job.job_id);
    expect((await world.take('dead')).map((body) => JSON.parse(body))).toEqual([event]);
    expect(await states()).toEqual([[topicTargets.outcomes, 'delivered']]);
  });
  it('post to chat what Amazon Q Developer takes, in one thread a job', async () => {
    await open({ chat: true });
    await announcements.publish(event, []);
    const card = JSON.parse(world.front.mailbox.find(({ protocol }) => protocol === 'https')?.text ?? '');
    expect(card).toMatchObject({ version: '1.0', source: 'custom', metadata: { threadId: job.job_id } });
    expect(await states()).toEqual([
      [topicTargets.chat, 'delivered'],
      [topicTargets.outcomes, 'delivered'],
    ]);
  });
  it.each([
    ['{"event_type":["job.settled"],"status":["running"]}', 1],
    ['{"status":["failed"]}', 0],
    ['{"kind":["http"],"connection":["ci"],"label.team":["perf"]}', 1],
    ['{"reason":[{"exists":false}]}', 1],
  ])('reach a subscriber with the filter policy %s %i times', async (filter, times) => {
    await open({ filter });
    await announcements.publish(event, []);
    expect(world.front.mailbox).toHaveLength(times);
  });
  it('hand each target over to the delivery queue, with the event and no attempt behind it', async () => {
    await open();
    await announcements.publish(event, ['ops', 'perf']);
    const messages = (await world.take('deliveries')).map(readDelivery);
    expect(messages.sort((a, b) => (a.target < b.target ? -1 : 1))).toEqual([
      { target: 'ops', attempts: 0, due_at_ms: epoch_ms, event },
      { target: 'perf', attempts: 0, due_at_ms: epoch_ms, event },
    ]);
    expect(await states()).toContainEqual(['ops', 'pending']);
  });
  it('fail for a target without a delivery queue, and tell the topic all the same', async () => {
    await open({ queue: false });
    await expect(announcements.publish(event, ['ops'])).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
    expect(world.front.mailbox).toHaveLength(1);
  });
});

describe('an event that is published again', () => {
  it('is pending while it is owed, and delivered once it is struck off', async () => {
    await open();
    const outcomes = { target: topicTargets.outcomes, event_id: event.event_id, last_error: null };
    expect(await announcements.list(ended(job, true))).toEqual([{ ...outcomes, state: 'pending', attempts: 0 }]);
    expect(await announcements.list(ended(job))).toEqual([{ ...outcomes, state: 'delivered', attempts: 1 }]);
    expect(await announcements.list(job)).toEqual([]);
  });
  it('is told twice rather than never when whoever began died before it was struck off', async () => {
    await open();
    await announcements.publish(event, ['ops']);
    await announcements.publish(event, ['ops'], undefined, true);
    expect([publishes(), (await world.take('deliveries')).length]).toEqual([2, 1]);
  });
  it('is told to the topic once however long another target fails', async () => {
    await open({ queue: false });
    for (const again of [false, true, true])
      await expect(announcements.publish(event, ['ops'], undefined, again)).rejects.toMatchObject({
        code: 'CONFIG_ERROR',
      });
    expect([publishes(), await states()]).toEqual([1, [[topicTargets.outcomes, 'delivered']]]);
  });
  it('goes to those only who have not got it', async () => {
    await open({ fault: ({ action }, number) => (action === 'sns:Publish' && number === 1 ? 'throttle' : undefined) });
    await expect(announcements.publish(event, ['ops'])).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await announcements.publish(event, ['ops'], undefined, true);
    expect(world.front.mailbox).toHaveLength(1);
    expect(await world.take('deliveries')).toHaveLength(1);
  });
  it('is told twice rather than never when the answer got lost', async () => {
    await open({
      fault: ({ action }, number) => (action === 'sns:Publish' && number === 1 ? 'fail_after' : undefined),
    });
    await expect(announcements.publish(event, [])).rejects.toThrow();
    await announcements.publish(event, [], undefined, true);
    expect(world.front.mailbox).toHaveLength(2);
  });
});

describe('a death that twenty jobs end with', () => {
  const events = Array.from({ length: 20 }, (_, at) => anEvent(aJob({ number: at + 1 })));
  const died = (id: string): SharedNews => ({ key: `ci ${id}`, people: ['perf'] });
  const ofPeople = '{"event_type":["job.settled"],"people":[{"exists":false}]}';

  it('is mailed and posted once, and machines hear of every job', async () => {
    await open({ chat: true, filter: ofPeople });
    await Promise.all(events.map((one) => announcements.publish(one, ['ops', 'perf'], died('once'))));
    const by = (protocol: string) => world.front.mailbox.filter((one) => one.protocol === protocol).length;
    expect([by('email'), by('https')]).toEqual([1, 1]);
    expect(await world.take('dead')).toHaveLength(20);
    const told = (await world.take('deliveries')).map((body) => readDelivery(body).target);
    expect([told.filter((one) => one === 'ops').length, told.filter((one) => one === 'perf').length]).toEqual([20, 1]);
    const states = await Promise.all(
      events.map(({ data }) => announcements.list(ended({ ...job, job_id: data.job_id }))),
    );
    expect(states.flat().filter(({ target }) => target === topicTargets.outcomes)).toHaveLength(20);
    expect(states.flat().filter(({ target }) => target === topicTargets.chat)).toHaveLength(1);
  });
  it('is mailed again when the credential dies anew', async () => {
    await open({ chat: true, filter: ofPeople });
    for (const [at, id] of ['once', 'once', 'again', 'again'].entries())
      await announcements.publish(events[at] ?? event, [], died(id));
    expect(world.front.mailbox).toHaveLength(4);
  });
  it('is mailed with the next tick when the topic could not be reached', async () => {
    const fault: FaultOf = ({ action }, number) => (action === 'sns:Publish' && number === 1 ? 'throttle' : undefined);
    await open({ filter: ofPeople, fault });
    await expect(announcements.publish(event, [], died('once'))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await announcements.publish(events[1] ?? event, [], died('once'));
    expect(world.front.mailbox).toHaveLength(0);
    await announcements.publish(event, [], died('once'), true);
    expect(world.front.mailbox).toHaveLength(1);
  });
});

describe('the limits of SNS', () => {
  it('hold for a name of any length, with line breaks', async () => {
    await open();
    await announcements.publish(withData({ name: 'load\ntest\u0007 é '.repeat(40) }), []);
    const { subject = '' } = world.front.mailbox[0] ?? {};
    expect(subject?.length).toBeLessThan(100);
    expect(subject).not.toMatch(/\p{Cc}/u);
  });
  it('hold for an event of any size, of which the small parts stay', async () => {
    await open();
    const big = '"\\\u0001'.repeat(30_000);
    const observed = { _source: 'external', _trusted: false, value: big } as const;
    await announcements.publish(withData({ observed, result: { figures: 'small' } }), []);
    const [first] = (await world.take('dead')).map((body) => JSON.parse(body));
    expect(first.data.observed.value).toBeNull();
    expect(first.data).toMatchObject({
      result: { figures: 'small' },
      handle: { id: 'run-1' },
    });
    expect(first.data.warnings.at(-1)).toContain('see status_url');
    const huge = outcomeMessage(withData({ observed, result: big, handle: { body: big } }));
    expect(Buffer.byteLength(huge.Message)).toBeLessThan(250_000);
  });
  it('hold for labels of any name and number: a message has ten attributes at most', () => {
    const labels = Object.fromEntries(Array.from({ length: 12 }, (_, number) => [`l${number}`, 'x']));
    const { MessageAttributes: all } = outcomeMessage(
      withData({ reason: 'auth_failed', labels: { 'a/b': 'x', 'c..d': 'x', e: '', ...labels } }),
      { told_people: true },
    );
    expect(Object.keys(all)).toEqual([
      ...['event_type', 'status', 'kind', 'connection', 'reason', 'people'],
      ...['label.l0', 'label.l1', 'label.l2', 'label.l3'],
    ]);
  });
});
