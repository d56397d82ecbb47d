import { describe, expect, it } from 'vitest';
import type { PortCall } from '../support/witness.ts';
import { adoptBody, answers, startBody, type World, type WorldOptions, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

/** A world in which `slow` says how many seconds a port call waits before it does its work. */
function slowWorld(slow: (call: PortCall, one: World) => number, options: WorldOptions = {}): World {
  const one: World = world({
    ...options,
    around: async (call) => {
      const seconds = slow(call, one);
      if (seconds > 0) await one.wait(seconds);
      return call.go();
    },
  });
  return one;
}
const body = { expected_seconds: 30, timeout_seconds: 300 };
const keyed = { idempotency_key: 'key-1' };

describe('two at once', () => {
  it('a tick that comes too late to start the job does not check beside the first check', async () => {
    // The caller's second try brings a tick, which reads "nobody starts" just before the first try claims the starter.
    const one = slowWorld(({ name, invocation }) => {
      if (name !== 'jobs.claimStarter') return 0;
      return invocation?.of === 'tick' ? 3 : 1;
    });
    one.remote.seconds = (part) => (part === 'status' ? 9 : 0);
    const first = one.start(startBody(body), keyed);
    const second = one.start(startBody(body), keyed);
    await one.advance(60);
    expect((await first).job_id).toBe((await second).job_id);
    expect(one.secondsOf('start')).toEqual([1]);
    expectZeroRow(one);
  });

  it('a wish that meets a start under way never settles a job that has begun as one that has not', async () => {
    let stalled = false;
    const one = slowWorld(({ name, invocation }) => {
      if (invocation?.of === 'start' && name === 'jobs.claimStarter') return 1;
      // The tick has read that nobody starts, and is slow to act on it.
      if (stalled || invocation?.of !== 'tick' || !['jobs.claimStarter', 'jobs.save'].includes(name)) return 0;
      stalled = true;
      return 3;
    });
    let cancelled_at_ms = Number.POSITIVE_INFINITY;
    one.remote.cancel = () => {
      cancelled_at_ms = one.now();
      return answers({}, { http_status: 202 });
    };
    one.remote.status = () => answers({ state: one.now() > cancelled_at_ms + 20_000 ? 'ABORTED' : 'RUNNING' });
    const starting = one.start(startBody(body), keyed);
    await one.advance(0.5);
    const [job_id = ''] = one.jobs.keys();
    await one.cancel(job_id);
    await one.advance(120);
    await starting;
    expect(stalled).toBe(true);
    expect(one.secondsOf('start')).toHaveLength(1);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job_id).seen.message).toBeNull();
    expect(one.job(job_id).state).toMatchObject({ reason: 'cancelled_by_caller', upstream_state: 'ABORTED' });
    expectAllOver(one);
  });

  it('a deadline that meets a start under way never settles a job that has begun as one that has not', async () => {
    let stalled = false;
    const one = slowWorld(({ name, invocation }) => {
      if (invocation?.of === 'start' && name === 'jobs.claimStarter') return 6;
      if (stalled || invocation?.of !== 'tick' || !['jobs.claimStarter', 'jobs.save'].includes(name)) return 0;
      stalled = true;
      return 3;
    });
    one.remote.seconds = (part) => (part === 'start' ? 1 : 0);
    one.remote.status = () => answers({ state: 'FINISHED' });
    const short = startBody({ timeout_seconds: 4 });
    const starting = one.start(short, keyed);
    await one.advance(5);
    await one.start(short, keyed);
    await one.advance(120);
    await starting;
    const [job] = one.jobs.values();
    expect(stalled).toBe(true);
    expect(one.secondsOf('start')).toHaveLength(1);
    expect(job?.state.status).toBe('complete');
    expectAllOver(one);
  });

  it('a check of a minute later does not overlap one that hangs to its limit', async () => {
    const one = world();
    one.remote.seconds = (part) => (part === 'status' ? 10 : 0);
    const started = one.start(startBody({ expected_seconds: 30, timeout_seconds: 600 }));
    await one.advance(300);
    await started;
    expectZeroRow(one);
  });

  it('a repeated request brings no check beside the one under way', async () => {
    const one = world();
    await one.start(adoptBody(body), keyed);
    one.remote.seconds = (part) => (part === 'status' ? 9 : 0);
    await one.advance(14);
    await one.start(adoptBody(body), keyed);
    await one.advance(60);
    expectZeroRow(one);
  });

  it('a save that comes after another check took over changes nothing', async () => {
    let stalls = false;
    const one = slowWorld(({ name, invocation }) => {
      if (!stalls || invocation?.of !== 'tick' || name !== 'jobs.save') return 0;
      stalls = false;
      return 130;
    });
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 900 }));
    await one.advance(4);
    stalls = true;
    one.remote.status = () => answers({ state: 'QUEUED' });
    await one.advance(6);
    one.remote.status = () => answers({ state: 'DEPLOYING' });
    await one.advance(200);
    expect(one.reports.filter(({ outcome }) => outcome === 'lost_claim')).toHaveLength(1);
    expect(one.job(job.job_id).state.upstream_state).toBe('DEPLOYING');
    expectZeroRow(one);
  });

  it('both saves of a stop and of a check under way hold: the stop wins, and what the check saw before stays', async () => {
    const one = slowWorld(({ name, invocation }) => (invocation?.of === 'cancel' && name === 'jobs.save' ? 4 : 0));
    one.remote.status = (_call, number) =>
      answers({ state: number < 2 ? 'QUEUED' : 'RUNNING', error: { message: `n${number}` } });
    const job = await one.start(adoptBody(body));
    await one.advance(2);
    const stopping = one.cancel(job.job_id, { remote: false });
    await one.advance(10);
    await stopping;
    const { state, seen } = one.job(job.job_id);
    expect(state.reason).toBe('cancelled_by_caller');
    expect(seen.observed).toMatchObject({ state: 'RUNNING' });
    await one.advance(60);
    expectAllOver(one);
  });

  it('who comes while an event is being told leaves it to who began, and it is told once', async () => {
    const one = slowWorld(({ name }) => (name === 'announcements.publish' ? 3 : 0));
    const job = await one.start(adoptBody(body));
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.advance(4);
    expect(one.jobs.get(job.job_id)?.state).toMatchObject({ status: 'complete', owed: [{ type: 'settled' }] });
    await one.cancel(job.job_id);
    await one.advance(120);
    expect(one.published).toHaveLength(1);
    expectAllOver(one);
  });

  it('two callers with one key at the same moment get one job, started once', async () => {
    const one = world();
    one.remote.seconds = () => 2;
    const both = Promise.all([one.start(startBody(body), keyed), one.start(startBody(body), keyed)]);
    await one.advance(5);
    const [left, right] = await both;
    expect(left.job_id).toBe(right.job_id);
    expect(one.secondsOf('start')).toHaveLength(1);
    await one.advance(900);
    expectAllOver(one);
  });
});

describe('a read that is older than the last write', () => {
  it('a tick that cannot see its new job yet leaves the schedule alone, and is not lost', async () => {
    let blind = false;
    const one = world({
      around: ({ name, invocation, go }) =>
        blind && invocation?.of === 'tick' && name === 'jobs.load' ? Promise.resolve(undefined) : go(),
    });
    await one.start(adoptBody({ ...body, first_check: 'later' }));
    blind = true;
    await one.advance(4);
    expect(one.schedules.size).toBe(1);
    blind = false;
    await one.advance(5);
    expect(one.statusCalls().length).toBeGreaterThanOrEqual(1);
    expectZeroRow(one);
  });

  it('a tick whose job is gone for good deletes the schedule', async () => {
    const one = world();
    const job = await one.start(adoptBody({ expected_seconds: 600, timeout_seconds: 6000 }));
    one.acknowledged.clear();
    await one.advance(100);
    one.jobs.delete(job.job_id);
    await one.advance(90);
    expect(one.schedules.size).toBe(0);
  });

  it('a chain tick that reads a record older than itself comes again, and the chain goes on', async () => {
    let before: unknown;
    let stale = 0;
    const one = world({
      around: async ({ name, invocation, go }) => {
        if (invocation?.of !== 'tick' || name !== 'jobs.load') return go();
        const now = await go();
        const old = before;
        before = now;
        return stale-- > 0 && old !== undefined ? old : now;
      },
    });
    await one.start(adoptBody({ expected_seconds: 100, timeout_seconds: 600 }));
    await one.advance(35);
    const made = one.statusCalls().length;
    stale = 1;
    await one.advance(12);
    expect(one.statusCalls().length).toBeGreaterThan(made);
    expectZeroRow(one);
  });
});

describe('a slow request', () => {
  it('leaves the start to the first tick when less than ten seconds are left', async () => {
    const one = slowWorld(({ name }) => (name === 'jobs.create' ? 12 : 0));
    const starting = one.start(startBody(body));
    await one.advance(12.5);
    const job = await starting;
    expect(job.state.phase).toBe('starting');
    await one.advance(5);
    expect(one.secondsOf('start')).toHaveLength(1);
    expect(one.job(job.job_id).state.phase).toBe('polling');
    await one.advance(900);
    expectAllOver(one);
  });

  it('rejects a start that could not be made in time, and leaves nothing behind', async () => {
    const one = slowWorld(({ name }) => (name === 'jobs.countActive' ? 12 : 0));
    const starting = expect(one.start(startBody(body))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      retry_after_ms: 1000,
    });
    await one.advance(13);
    await starting;
    expect([one.jobs.size, one.schedules.size, one.calls.length]).toEqual([0, 0, 0]);
  });

  it('leaves the first check to the first tick when less than five seconds are left', async () => {
    const one = slowWorld(({ name }) => (name === 'jobs.claimStarter' ? 8 : 0));
    one.remote.seconds = (part) => (part === 'start' ? 9 : 0);
    const starting = one.start(startBody(body));
    await one.advance(17);
    await starting;
    expect(one.statusCalls()).toEqual([17]);
    expect(one.reports.map(({ outcome }) => outcome)).toEqual(['checked']);
    expectZeroRow(one);
  });
});
