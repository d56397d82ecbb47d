import { describe, expect, it } from 'vitest';
import { adoptBody, answers, startBody, type World, world } from '../support/world.ts';
import { expectZeroRow } from '../support/zero-row.ts';

/** Port calls by name during `seconds`, the remote side's left out. */
async function callsIn(one: World, seconds: number): Promise<Record<string, number>> {
  const from = one.witnessed.calls.length;
  await one.advance(seconds);
  const counts: Record<string, number> = {};
  for (const name of one.witnessed.calls.slice(from))
    if (name !== 'transports.call') counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

describe('what a check costs', () => {
  it('a check that changes nothing is one read, one claim and one send, and no save', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 100 }));
    await one.advance(35);
    // The last heartbeat was in the second before: only the chain is at work.
    expect(await callsIn(one, 10)).toEqual({ 'jobs.load': 1, 'jobs.claim': 1, 'ticks.send': 1 });
    expectZeroRow(one);
  });

  it('an hour of them is as cheap; a heartbeat that finds the chain at work is one read', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 100, timeout_seconds: 9000 }));
    await one.advance(209);
    const { 'jobs.load': loads = 0, ...rest } = await callsIn(one, 3600);
    expect(rest).toEqual({ 'jobs.claim': 360, 'ticks.send': 360 });
    expect(loads).toBe(360 + 60);
    expectZeroRow(one);
  });

  it('carried by heartbeats it is one read and one claim, and a save for every third, which shows that it was heard of', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 3600, timeout_seconds: 9000 }));
    await one.advance(7230 - 3600);
    const { 'jobs.save': saves = 0, ...rest } = await callsIn(one, 1800);
    expect(rest).toEqual({ 'jobs.load': 30, 'jobs.claim': 30 });
    expect(saves).toBe(10);
    expectZeroRow(one);
  });

  it('a change costs one save more, an event its inbox, its announcement and its strike', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 100 }));
    await one.advance(35);
    one.remote.status = () => answers({ state: 'NEEDS_APPROVAL' });
    expect(await callsIn(one, 10)).toEqual({
      'jobs.load': 1,
      'jobs.claim': 1,
      'jobs.save': 1,
      'ticks.send': 1,
      'events.append': 1,
      'announcements.publish': 1,
      'jobs.paid': 1,
    });
    one.remote.status = () => answers({ state: 'FINISHED' });
    expect(await callsIn(one, 10)).toEqual({
      'jobs.load': 1,
      'jobs.claim': 1,
      'jobs.save': 1,
      'events.append': 1,
      'announcements.publish': 1,
      'jobs.paid': 1,
      'schedules.delete': 1,
    });
    expect(await callsIn(one, 600)).toEqual({});
    expectZeroRow(one);
  });

  it('a start is one record, one schedule, one claim of the starter, and one handle, which claims its first check', async () => {
    const one = world();
    await one.start(startBody());
    expect(one.witnessed.calls).toEqual([
      'jobs.countActive',
      'jobs.create',
      'schedules.create',
      'jobs.claimStarter',
      'transports.call',
      'jobs.save',
      'transports.call',
      'jobs.save',
      'ticks.send',
    ]);
  });

  it('an adoption is one look, one record, one schedule and one tick', async () => {
    const one = world();
    await one.start(adoptBody());
    expect(one.witnessed.calls).toEqual([
      'jobs.countActive',
      'transports.call',
      'jobs.create',
      'schedules.create',
      'ticks.send',
    ]);
  });
});
