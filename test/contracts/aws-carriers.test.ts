import { topicTargets } from '../../lib/aws/announcement-states.ts';
import { createEventBridgeSchedules } from '../../lib/aws/eventbridge-schedules.ts';
import { createSnsAnnouncements } from '../../lib/aws/sns-announcements.ts';
import { createSqsTicks, readTick } from '../../lib/aws/sqs-ticks.ts';
import type { Announcements, Tick } from '../../lib/ports.ts';
import { clockOf, cloudWorld } from '../cloud/queues/cloud-world.ts';
import { memoryDeliveries } from '../cloud/queues/memory-deliveries.ts';
import { memoryEvents } from '../support/memory-ports.ts';
import { announcementsContract } from './announcements-contract.ts';
import { carriersContract } from './carriers-contract.ts';
import { epoch_ms } from './records.ts';

carriersContract('SQS and EventBridge Scheduler', async () => {
  const { time, front, scheduler, clients, take, onRest, close } = await cloudWorld({ epoch_ms });
  const clock = clockOf(time);
  const brought: { at_ms: number; tick: Tick }[] = [];
  onRest(async () => {
    for (const body of await take('ticks')) brought.push({ at_ms: time.now(), tick: readTick(body) });
  });
  return {
    ticks: createSqsTicks({ sqs: clients.sqs, queue_url: front.queueUrl('ticks'), clock }),
    schedules: createEventBridgeSchedules({
      scheduler: clients.scheduler,
      group: 'jobs',
      target_arn: front.queueArn('ticks'),
      role_arn: 'arn:aws:iam::000000000000:role/scheduler',
      dead_letter_arn: front.queueArn('dead'),
      clock,
    }),
    now: time.now,
    advance: time.advance,
    brought,
    beating: () => scheduler.schedules().length,
    close,
  };
});

/** Topics hear of every event, whatever targets a job chose; the contract speaks of those. */
const ofTargets = ({ publish, list }: Announcements): Announcements => ({
  publish,
  list: async (ref) => (await list(ref)).filter(({ target }) => target !== topicTargets.outcomes),
});

announcementsContract('SNS and the delivery queue', async () => {
  const { time, front, clients, topic, close } = await cloudWorld({ epoch_ms });
  const announcements = createSnsAnnouncements({
    sns: clients.sns,
    topic_arn: await topic('outcomes'),
    chat_topic_arn: null,
    deliveries: memoryDeliveries(),
    sqs: clients.sqs,
    delivery_queue_url: front.queueUrl('deliveries'),
    clock: clockOf(time),
  });
  return { announcements: ofTargets(announcements), events: memoryEvents(), close };
});
