import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSnsPublisher, type Publish } from '../../../lib/aws/sns-publisher.ts';
import { epoch_ms } from '../../contracts/records.ts';
import type { FaultOf } from './api-call.ts';
import { type CloudWorld, cloudWorld } from './cloud-world.ts';

let world: CloudWorld;
let publish: Publish;
let topic: string;
let fault: FaultOf = () => undefined;
beforeEach(async () => {
  world = await cloudWorld({ epoch_ms, queues: { fault: (...call) => fault(...call) } });
  topic = await world.topic('outcomes');
  publish = createSnsPublisher(world.clients.sns);
});
afterEach(async () => {
  fault = () => undefined;
  await world.close();
});

const publishAll = (texts: string[]): Promise<PromiseSettledResult<void>[]> =>
  Promise.allSettled(texts.map((Message) => publish(topic, { Message })));
const sizes = (): number[] => world.front.batches.map(({ messages }) => messages);
const numbers = (count: number): string[] => Array.from({ length: count }, (_, number) => `message ${number}`);

describe('messages for a topic', () => {
  it('share requests, ten each at most, in the order that they came in', async () => {
    await publishAll(numbers(23));
    expect(sizes()).toEqual([10, 10, 3]);
    expect(world.front.published).toEqual(numbers(23));
  });
  it('go in several requests when they are too long for one', async () => {
    const all = await publishAll(['a', 'b', 'c'].map((sign) => sign.repeat(100_000)));
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(sizes()).toEqual([2, 1]);
  });
  it('fail alone when the topic refuses one of them', async () => {
    const all = await publishAll(['one', '', 'three']);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(all[1]).toMatchObject({ reason: { code: 'INVARIANT_ERROR' } });
    expect(world.front.published).toEqual(['one', 'three']);
  });
  it('fail together when the request does, and the next ones pass', async () => {
    fault = ({ action }, number) => (action === 'sns:Publish' && number === 1 ? 'throttle' : undefined);
    const all = await publishAll(numbers(12));
    expect(all.filter(({ status }) => status === 'rejected')).toHaveLength(10);
    expect(all[0]).toMatchObject({ reason: { code: 'UNAVAILABLE' } });
    expect(world.front.published).toEqual(numbers(12).slice(10));
  });
});
