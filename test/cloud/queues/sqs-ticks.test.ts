import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqsSendMany, createSqsTicks, readTick } from '../../../lib/aws/sqs-ticks.ts';
import { carrierOf } from '../../../lib/core/cadence.ts';
import { refOf } from '../../../lib/core/job.ts';
import type { Tick } from '../../../lib/ports.ts';
import { aJob, epoch_ms } from '../../contracts/records.ts';
import { type CloudWorld, cloudWorld } from './cloud-world.ts';

const tick = (due_at_ms: number): Tick => ({ ...refOf(aJob()), carrier: 'chain', expected_checks: 3, due_at_ms });

describe('ticks on SQS', () => {
  let world: CloudWorld;
  beforeEach(async () => {
    world = await cloudWorld({ epoch_ms });
  });
  afterEach(() => world.close());
  const send = (one: Tick) =>
    createSqsTicks({ sqs: world.clients.sqs, queue_url: world.front.queueUrl('ticks'), clock: world.time }).send(one);

  it.each([
    [0, 0],
    [-5000, 0],
    [1, 1],
    [2001, 3],
    [900_000, 900],
  ])('that are due in %i ms come after %i s', async (in_ms, after_s) => {
    await send(tick(epoch_ms + in_ms));
    await world.time.advance(Math.max(0, after_s - 0.001));
    if (after_s > 0) expect(await world.take('ticks')).toEqual([]);
    await world.time.advance(0.001);
    expect((await world.take('ticks')).map(readTick)).toEqual([tick(epoch_ms + in_ms)]);
  });
  it('that are due beyond fifteen minutes are left to the heartbeat', async () => {
    await send(tick(epoch_ms + 900_001));
    await world.time.advance(2000);
    expect(await world.take('ticks')).toEqual([]);
    expect(world.front.calls.filter(({ action }) => action === 'sqs:SendMessage')).toEqual([]);
  });
  it('are sent for every delay that flow gives to the chain', async () => {
    for (const delay_seconds of [0, 3, 48, 900]) {
      expect(carrierOf({ interval_seconds: 59, heartbeat_seconds: 60 }, delay_seconds)).toBe('chain');
      await send(tick(epoch_ms + delay_seconds * 1000));
    }
    await world.time.advance(900);
    expect(await world.take('ticks')).toHaveLength(4);
  });
  it('carry nothing but what a tick is', async () => {
    await send({ ...tick(epoch_ms), ...{ secret: 'hunter2' } });
    const [body = ''] = await world.take('ticks');
    expect(body).not.toContain('hunter2');
  });
  it('go out ten in a request, each with its own delay, and those beyond fifteen minutes not at all', async () => {
    const many = createSqsSendMany({
      sqs: world.clients.sqs,
      queue_url: world.front.queueUrl('ticks'),
      clock: world.time,
    });
    const ticks = [900_001, ...Array.from({ length: 11 }, (_, at) => at * 1000)].map((in_ms) => tick(epoch_ms + in_ms));
    expect(await many(ticks)).toEqual(ticks.map(() => undefined));
    expect(world.front.calls.filter(({ action }) => action === 'sqs:SendMessage')).toHaveLength(2);
    await world.time.advance(5);
    expect(await world.take('ticks')).toHaveLength(6);
    await world.time.advance(5);
    expect(await world.take('ticks')).toHaveLength(5);
  });
  it('go out in a request that says of each why it was not taken, or that fails them all', async () => {
    const refusing = {
      send: () =>
        Promise.resolve({
          Failed: [
            { Id: '1', Code: 'RequestThrottled', SenderFault: false },
            { Id: '2', Code: 'InvalidMessageContents', SenderFault: true },
          ],
        }),
    } as unknown as CloudWorld['clients']['sqs']; // of the one call that is made
    const of = (sqs: CloudWorld['clients']['sqs'], name: string) =>
      createSqsSendMany({ sqs, queue_url: world.front.queueUrl(name), clock: world.time });
    const three = [0, 1, 2].map((at) => tick(epoch_ms + at));
    expect(await of(refusing, 'ticks')(three)).toEqual([
      undefined,
      expect.objectContaining({ code: 'UNAVAILABLE' }),
      expect.objectContaining({ code: 'INVARIANT_ERROR' }),
    ]);
    expect(await of(world.clients.sqs, 'nowhere')(three)).toEqual(
      three.map(() => expect.objectContaining({ code: 'CONFIG_ERROR' })),
    );
  });
  it('fail to be sent when the queue does not take them', async () => {
    const nowhere = createSqsTicks({
      sqs: world.clients.sqs,
      queue_url: world.front.queueUrl('nowhere'),
      clock: world.time,
    });
    await expect(nowhere.send(tick(epoch_ms))).rejects.toMatchObject({ code: 'CONFIG_ERROR' });
  });
  it.each([
    ['throttle', 'UNAVAILABLE'],
    ['fail', 'UNAVAILABLE'],
    ['cut', 'UNAVAILABLE'],
  ] as const)('fail on %s with %s', async (fault, code) => {
    await world.close();
    world = await cloudWorld({
      epoch_ms,
      queues: { fault: ({ action }) => (action === 'sqs:SendMessage' ? fault : undefined) },
    });
    await expect(send(tick(epoch_ms))).rejects.toMatchObject({ code });
  });
  it('that arrive twice are the same tick', async () => {
    await world.close();
    world = await cloudWorld({ epoch_ms, queues: { disturb: () => [0, 1500] } });
    await send(tick(epoch_ms + 1000));
    await world.time.advance(5);
    expect((await world.take('ticks')).map(readTick)).toEqual([tick(epoch_ms + 1000), tick(epoch_ms + 1000)]);
  });
});

describe('reading a tick', () => {
  const good = { ...tick(epoch_ms) };
  const beat = { ...refOf(aJob()), carrier: 'heartbeat', expected_checks: null, due_at: '2026-11-21T09:01:00Z' };

  it('takes a heartbeat with the time in words', () => {
    expect(readTick(JSON.stringify(beat))).toMatchObject({ carrier: 'heartbeat', due_at_ms: epoch_ms + 60_000 });
  });
  it.each<[string, unknown]>([
    ['a foreign job id', { ...good, job_id: 'job_../x' }],
    ['no generation', { ...good, generation_ms: undefined }],
    ['a carrier that is none', { ...good, carrier: 'pigeon' }],
    ['half a check', { ...good, expected_checks: 0.5 }],
    ['a key too many', { ...good, handle: {} }],
    ['a time that was not filled in', { ...beat, due_at: '<aws.scheduler.scheduled-time>' }],
    ['a list', [good]],
    ['nothing', null],
  ])('fails on %s, without repeating it', (_, value) => {
    expect(() => readTick(JSON.stringify(value))).toThrow('got a message in the tick queue that is no tick');
  });
  it('fails on what is no JSON', () => {
    expect(() => readTick('tick')).toThrow('that is no JSON');
  });
});
