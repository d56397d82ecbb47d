import { describe, expect, it } from 'vitest';
import type { Observation } from '../../lib/core/observation.ts';
import { adoptBody, answers, fails, startBody, type World, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

const body = { expected_seconds: 100, timeout_seconds: 900 };
/** The remote job stops `seconds` after its cancel was called. */
function stopsAfter(one: World, seconds: number, word = 'ABORTED'): void {
  let at_ms = Number.POSITIVE_INFINITY;
  one.remote.cancel = () => {
    at_ms = Math.min(at_ms, one.now() + seconds * 1000);
    return answers({}, { http_status: 202 });
  };
  one.remote.status = () => answers({ state: one.now() >= at_ms ? word : 'RUNNING' });
}

describe('a wish to cancel', () => {
  it.each(['ABORTED', 'ERROR'])('is passed on once, and %s is then cancelled_by_caller', async (word) => {
    const one = world();
    stopsAfter(one, 20, word);
    const job = await one.start(adoptBody(body));
    await one.advance(60);
    const wished = await one.cancel(job.job_id);
    expect(wished.state).toMatchObject({ status: 'running', cancel_requested_at_ms: one.now() });
    expect(one.secondsOf('cancel')).toEqual([]);
    await one.advance(12);
    expect(one.job(job.job_id).state).toMatchObject({ phase: 'cancelling', cancel_outcome: 'accepted' });
    await one.advance(60);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });

  it('is passed on at once where no check can be under way', async () => {
    const one = world();
    const job = await one.start(adoptBody({ ...body, expected_seconds: 3600 }));
    await one.advance(300 - 1);
    await one.cancel(job.job_id);
    await one.advance(0);
    expect(one.secondsOf('cancel')).toEqual([299]);
    expectZeroRow(one);
  });

  it('is looked after every five seconds until the end is seen', async () => {
    const one = world();
    stopsAfter(one, 60);
    const job = await one.start(adoptBody({ ...body, expected_seconds: 600 }));
    await one.advance(300);
    await one.cancel(job.job_id);
    await one.advance(200);
    const asked = one.secondsOf('cancel')[0] ?? 0;
    expect(asked).toBeLessThanOrEqual(360);
    const looks = one.statusCalls().filter((second) => second >= asked);
    expect(looks.length).toBeGreaterThanOrEqual(12);
    expect(looks.length).toBeLessThanOrEqual(15);
    expectAllOver(one);
  });

  it('a completion that was first stays complete', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.cancel(job.job_id);
    await one.advance(30);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'complete', reason: null });
    expectAllOver(one);
  });

  it('a job that is not found any more after the wish is cancelled', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    one.remote.cancel = () => {
      one.remote.status = () => answers({}, { http_status: 404 });
      return answers({}, { http_status: 204 });
    };
    await one.cancel(job.job_id);
    await one.advance(30);
    expect(one.job(job.job_id).state.reason).toBe('cancelled_by_caller');
    expectAllOver(one);
  });

  it.each<[string, Observation]>([
    ['409', answers({}, { http_status: 409 })],
    ['404', answers({}, { http_status: 404 })],
    ['403', answers({}, { http_status: 403 })],
    ['an address that is not allowed', fails('not_allowed', { sent: false })],
  ])('declined (%s), the job is watched on at its pace; a second wish asks again', async (_name, observation) => {
    const one = world();
    const job = await one.start(adoptBody(body));
    await one.advance(60);
    one.remote.cancel = () => observation;
    await one.cancel(job.job_id);
    await one.advance(60);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job.job_id).state).toMatchObject({
      status: 'running',
      phase: 'polling',
      cancel_outcome: 'declined',
    });
    expect((await one.read(job.job_id)).warnings).toEqual([
      expect.stringMatching(/^the remote system declined the cancel/),
    ]);
    const before = one.statusCalls().length;
    await one.advance(60);
    expect(one.statusCalls().length - before).toBeLessThanOrEqual(7);
    stopsAfter(one, 0);
    await one.cancel(job.job_id);
    await one.advance(60);
    expect(one.job(job.job_id).state.reason).toBe('cancelled_by_caller');
    expectAllOver(one);
  });

  it.each<[string, Observation]>([
    ['a time-out', fails('timeout')],
    ['503', answers({}, { http_status: 503 })],
    ['429', answers({}, { http_status: 429 })],
    ['our own rate budget', fails('rate_limited', { sent: false, postponed: true })],
  ])('not heard (%s), it is asked again with each check', async (_name, observation) => {
    const one = world();
    const job = await one.start(adoptBody(body));
    await one.advance(60);
    one.remote.cancel = () => observation;
    await one.cancel(job.job_id);
    await one.advance(32);
    const asked = one.secondsOf('cancel').length;
    expect(asked).toBeGreaterThanOrEqual(3);
    expect(asked).toBeLessThanOrEqual(8);
    stopsAfter(one, 0);
    await one.advance(30);
    expect(one.secondsOf('cancel')).toHaveLength(asked + 1);
    expect(one.job(job.job_id).state.reason).toBe('cancelled_by_caller');
    expectAllOver(one);
  });

  it('while the start is under way it waits for the handle', async () => {
    const one = world();
    stopsAfter(one, 3);
    one.remote.seconds = (part) => (part === 'start' ? 8 : 0);
    const starting = one.start(startBody(body));
    await one.advance(2);
    const [job_id = ''] = one.jobs.keys();
    expect((await one.cancel(job_id)).state.phase).toBe('starting');
    await one.advance(30);
    await starting;
    expect(one.calls.map(({ part }) => part).slice(0, 3)).toEqual(['start', 'cancel', 'status']);
    expect(one.job(job_id).state.reason).toBe('cancelled_by_caller');
    expectAllOver(one);
  });

  it('before the start was tried it settles, and nothing is started', async () => {
    const one = world();
    one.remote.start = () => fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 100 });
    const job = await one.start(startBody(body));
    await one.cancel(job.job_id);
    await one.advance(300);
    expect(one.secondsOf('start')).toEqual([0]);
    expect(one.job(job.job_id)).toMatchObject({
      state: { reason: 'cancelled_by_caller' },
      seen: { message: 'cancelled before it was started' },
    });
    expectAllOver(one);
  });

  it('during a check no save writes over it, and it is passed on right after', async () => {
    const one = world();
    stopsAfter(one, 0);
    const job = await one.start(adoptBody({ ...body, expected_seconds: 600 }));
    one.remote.seconds = (part) => (part === 'status' ? 6 : 0);
    await one.advance(4);
    await one.cancel(job.job_id);
    const wished_ms = one.now();
    await one.advance(3);
    expect(one.job(job.job_id).state.cancel_requested_at_ms).toBe(wished_ms);
    await one.advance(60);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job.job_id).state.reason).toBe('cancelled_by_caller');
    expectAllOver(one);
  });

  it('during a check that changes something it is passed on at once', async () => {
    const one = world();
    const job = await one.start(adoptBody({ ...body, expected_seconds: 600 }));
    await one.advance(46);
    one.remote.seconds = (part) => (part === 'status' ? 6 : 0);
    one.remote.status = () => answers({ state: 'DEPLOYING' });
    await one.advance(48);
    expect(one.job(job.job_id).state.upstream_state).toBe('RUNNING');
    await one.cancel(job.job_id);
    await one.advance(8);
    expect(one.secondsOf('cancel')).toEqual([99]);
    expectZeroRow(one);
  });

  it('during the check that sees the end it changes nothing', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    one.remote.seconds = (part) => (part === 'status' ? 6 : 0);
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.advance(4);
    await one.cancel(job.job_id);
    await one.advance(60);
    expect(one.job(job.job_id).state.status).toBe('complete');
    expect(one.secondsOf('cancel')).toEqual([]);
    expectAllOver(one);
  });

  it('a hundred wishes ask once, and bring few checks more', async () => {
    const one = world();
    stopsAfter(one, 120);
    const job = await one.start(adoptBody(body));
    await one.advance(60);
    for (let wish = 0; wish < 100; wish++) await one.cancel(job.job_id);
    await one.advance(60);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.statusCalls().filter((second) => second > 60).length).toBeLessThanOrEqual(14);
    await one.advance(120);
    expectAllOver(one);
  });

  it('its tick, brought twice each time, does not multiply while the job is cancelling', async () => {
    const one = world({ disturb: (tick) => (tick.carrier === 'chain' ? [0, 300] : [0]) });
    stopsAfter(one, 300);
    const job = await one.start(adoptBody({ ...body, expected_seconds: 600 }));
    await one.advance(130);
    await one.cancel(job.job_id);
    await one.advance(300);
    expect(one.pending.length).toBeLessThanOrEqual(4);
    await one.advance(300);
    expectAllOver(one);
  });
});

describe('to stop watching', () => {
  it('leaves the remote job alone, settles at once and says so', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    const stopped = await one.cancel(job.job_id, { remote: false });
    expect(stopped.state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect((await one.read(job.job_id)).warnings).toEqual([
      'stopped watching; the remote job was not cancelled (as you asked) and may still be going on',
    ]);
    await one.advance(600);
    expect(one.calls).toHaveLength(1);
    expectAllOver(one);
  });

  it('is all there is for a kind that cannot cancel', async () => {
    const one = world();
    const job = await one.start({ ...adoptBody(body), handle: { status: { url: '/runs/42' } } });
    const stopped = await one.cancel(job.job_id);
    expect(stopped.state.reason).toBe('cancelled_by_caller');
    expect(stopped.state.warnings).toEqual([expect.stringContaining('this kind of job cannot be cancelled')]);
    expectAllOver(one);
  });

  it('during a check the later answer changes nothing', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    one.remote.seconds = () => 6;
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.advance(4);
    await one.cancel(job.job_id, { remote: false });
    await one.advance(60);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });
});

describe('nothing to cancel', () => {
  it('a job that has ended is returned as it is', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'FINISHED' });
    const job = await one.start(adoptBody());
    for (const remote of [true, false])
      expect((await one.cancel(job.job_id, { remote })).state.status).toBe('complete');
    await one.advance(60);
    expect(one.calls).toHaveLength(1);
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });

  it.each([
    ['of somebody else', undefined, 'other'],
    ['unknown', `job_${'z'.repeat(26)}`, 'me'],
    ['malformed', '../etc/passwd', 'me'],
  ])('rejects an id that is %s', async (_name, job_id, owner) => {
    const one = world();
    const job = await one.start(adoptBody());
    await expect(one.cancel(job_id ?? job.job_id, { owner })).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    expect(one.job(job.job_id).state.cancel_requested_at_ms).toBeNull();
    expectZeroRow(one);
  });
});
