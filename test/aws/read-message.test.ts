import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDelivery } from '../../lib/aws/sqs-deliveries.ts';
import { readTick } from '../../lib/aws/sqs-ticks.ts';
import { InvariantError } from '../../lib/core/errors.ts';

const tick = {
  job_id: `job_${'0'.repeat(26)}`,
  generation_ms: 1,
  carrier: 'chain',
  expected_checks: 3,
  due_at_ms: 1.5,
};
const { due_at_ms: _, ...rest } = tick;
const beat = { ...rest, carrier: 'heartbeat', expected_checks: null, due_at: '2026-11-21T09:01:00.5Z' };
const event = { event_id: 'evt_1', type: 'job.settled', timestamp: '2026-11-21T09:00:00Z', data: { job_id: 'job_1' } };
const delivery = { target: 'ops', attempts: 0, due_at_ms: 1, event };

const without = (value: object, name: string) =>
  Object.fromEntries(Object.entries(value).filter(([key]) => key !== name));
const tickIn = (value: unknown) => () => readTick(typeof value === 'string' ? value : JSON.stringify(value));
const deliveryIn = (value: unknown) => () => readDelivery(typeof value === 'string' ? value : JSON.stringify(value));

describe('reading a tick', () => {
  it('takes one as we send it, and one as the scheduler does', () => {
    expect(tickIn(tick)()).toEqual(tick);
    expect(tickIn({ ...tick, expected_checks: null })()).toMatchObject({ expected_checks: null });
    const due_at_ms = Date.parse('2026-11-21T09:01:00.5Z');
    expect(tickIn(beat)()).toEqual({ ...rest, carrier: 'heartbeat', expected_checks: null, due_at_ms });
  });

  const tooMany = 'it has unknown fields (1)';
  it.each<[string, unknown]>([
    ['it is no object', null],
    ['it is no object', [tick]],
    ['it is no object', '"text"'],
    ['it has no job_id', without(tick, 'job_id')],
    ['its job_id is not the id of a job', { ...tick, job_id: 'job_../x' }],
    ['its job_id is not the id of a job', { ...tick, job_id: [tick.job_id] }],
    ['its job_id is not the id of a job', { ...tick, job_id: `${tick.job_id}\n` }],
    ['it has no generation_ms', without(tick, 'generation_ms')],
    ['its generation_ms is not a whole number from 0 up', { ...tick, generation_ms: -1 }],
    ['its generation_ms is not a whole number from 0 up', { ...tick, generation_ms: '1' }],
    ['its generation_ms is not a whole number from 0 up', { ...tick, generation_ms: 2 ** 53 }],
    ['its carrier is not "chain" or "heartbeat"', { ...tick, carrier: 'pigeon' }],
    ['its expected_checks is not null or a whole number from 0 up', { ...tick, expected_checks: 0.5 }],
    ['it has no due_at_ms', without(tick, 'due_at_ms')],
    ['its due_at_ms is not a number of milliseconds', { ...tick, due_at_ms: null }],
    [tooMany, { ...tick, handle: {} }],
    [tooMany, `${JSON.stringify(tick).slice(0, -1)},"__proto__":{"due_at":1}}`],
    ['its carrier is not "heartbeat"', { ...beat, carrier: 'chain' }],
    ['its expected_checks is not null', { ...beat, expected_checks: 1 }],
    ['its due_at is not a time', { ...beat, due_at: '<aws.scheduler.scheduled-time>' }],
    ['its due_at is not a time', { ...beat, due_at: '2026-13-21T09:01:00Z' }],
    ['its due_at is not a time', { ...beat, due_at: 1 }],
    [tooMany, { ...beat, due_at_ms: 1 }],
  ])('fails with "%s" (%#)', (problem, value) => {
    expect(tickIn(value)).toThrow(InvariantError);
    expect(tickIn(value)).toThrow(`got a message in the tick queue that is no tick: ${problem}`);
  });
});

describe('reading a delivery', () => {
  it('takes one as we send it, whatever its event tells', () => {
    expect(deliveryIn(delivery)()).toEqual(delivery);
  });

  it.each<[string, unknown]>([
    ['it is no object', 1],
    ['its target is not the name of a target', { ...delivery, target: '' }],
    ['its attempts is not a whole number from 0 up', { ...delivery, attempts: 1.5 }],
    ['its due_at_ms is not a number of milliseconds', { ...delivery, due_at_ms: '1' }],
    ['its event is not an object', { ...delivery, event: [] }],
    ['of its event, its data is not an object', { ...delivery, event: { ...event, data: null } }],
    ['of its event, it has no event_id', { ...delivery, event: without(event, 'event_id') }],
    ['of its event, it has unknown fields (1)', { ...delivery, event: { ...event, secret: 'x' } }],
    ['it has unknown fields (2)', { ...delivery, a: 1, b: 2 }],
  ])('fails with "%s" (%#)', (problem, value) => {
    expect(deliveryIn(value)).toThrow(InvariantError);
    expect(deliveryIn(value)).toThrow(`got a message in the delivery queue that is no delivery: ${problem}`);
  });
});

it('anything that is no message of ours is refused, and not a word of it repeated', () => {
  const junk = fc.oneof(
    fc.string(),
    fc.json(),
    fc.record(Object.fromEntries(Object.keys({ ...tick, ...delivery }).map((name) => [name, fc.jsonValue()])), {
      requiredKeys: [],
    }),
  );
  fc.assert(
    fc.property(junk, (value) => {
      for (const [read, what] of [
        [tickIn, 'tick'],
        [deliveryIn, 'delivery'],
      ] as const) {
        const said =
          /^got a message in the (tick|delivery) queue that is no (JSON|tick: [\w", .:()-]+|delivery: [\w", .:()-]+)$/;
        expect(read(value), what).toThrow(InvariantError);
        expect(read(value), what).toThrow(said);
      }
    }),
  );
});
