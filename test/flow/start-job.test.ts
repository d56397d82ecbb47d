import { describe, expect, it } from 'vitest';
import { RequestError } from '../../lib/core/errors.ts';
import type { FaultType } from '../../lib/core/kind.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { startJob } from '../../lib/flow/start-job.ts';
import { adoptBody, answers, fails, startBody, type World, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

/** Nothing of a request may be left: no job, no schedule, no tick, no event. */
function expectNothingLeft(one: World): void {
  expect([one.jobs.size, one.schedules.size, one.pending.length, one.events.length, one.published.length]).toEqual([
    0, 0, 0, 0, 0,
  ]);
}

describe('a request with problems', () => {
  it('rejects with every problem at once, and calls nobody', async () => {
    const one = world();
    const body = {
      kind: 'nope',
      connection: 'elsewhere',
      input: {},
      handle: {},
      expected_seconds: 0,
      timeout_seconds: 1e9,
      surprise: 1,
      announce: { targets: ['nobody'], on: ['never'] },
      labels: { '': 'x' },
    };
    const error: unknown = await one.start(body).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'RequestError', code: 'INVALID_REQUEST' });
    const paths = (error as { problems: { path: string }[] }).problems.map(({ path }) => path);
    for (const path of [
      'kind',
      'connection',
      'expected_seconds',
      'timeout_seconds',
      'announce.targets.0',
      'announce.on.0',
    ])
      expect(paths).toContain(path);
    expect(paths.length).toBeGreaterThanOrEqual(8);
    expect(one.calls).toEqual([]);
    expectNothingLeft(one);
  });

  it.each([null, 'text', 7, [], undefined])('rejects a body that is %j', async (body) => {
    const one = world();
    await expect(one.start(body)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
    expectNothingLeft(one);
  });

  it('rejects one job more than an owner may have, counting only what runs and only this owner', async () => {
    const one = world({ configuration: { max_active_jobs_per_owner: 2 } });
    const first = await one.start(adoptBody());
    await one.start(adoptBody());
    await one.start(adoptBody(), { owner: 'somebody else' });
    await expect(one.start(adoptBody())).rejects.toMatchObject({
      code: 'TOO_MANY_ACTIVE_JOBS',
      retry_after_ms: 60_000,
    });
    await one.cancel(first.job_id, { remote: false });
    await expect(one.start(adoptBody())).resolves.toMatchObject({ owner: 'me' });
    expectZeroRow(one);
  });

  it('a repeated key is no new job: it passes a full quota', async () => {
    const one = world({ configuration: { max_active_jobs_per_owner: 1 } });
    const first = await one.start(adoptBody(), { idempotency_key: 'a' });
    expect((await one.start(adoptBody(), { idempotency_key: 'a' })).job_id).toBe(first.job_id);
    expectZeroRow(one);
  });
});

describe('adopting a job', () => {
  it.each<[string, Observation, string]>([
    ['401', answers({}, { http_status: 401 }), 'FIRST_CHECK_FAILED'],
    ['403', answers({}, { http_status: 403 }), 'FIRST_CHECK_FAILED'],
    ['404', answers({}, { http_status: 404 }), 'FIRST_CHECK_FAILED'],
    ['410', answers({}, { http_status: 410 }), 'FIRST_CHECK_FAILED'],
    ['a credential that cannot be had', fails('auth_failed', { sent: false }), 'FIRST_CHECK_FAILED'],
    ['an address that is not allowed', fails('not_allowed', { sent: false }), 'TARGET_NOT_ALLOWED'],
    ['a redirect to another host', fails('redirected'), 'TARGET_NOT_ALLOWED'],
  ])('fails on %s, and leaves nothing behind', async (_name, observation, code) => {
    const one = world();
    one.remote.status = () => observation;
    await expect(one.start(adoptBody(), { idempotency_key: 'a' })).rejects.toMatchObject({ code });
    expectNothingLeft(one);
    await one.advance(3600);
    expect(one.calls).toHaveLength(1);
    // The key is not used up: the corrected request may come under it.
    one.remote.status = () => answers({ state: 'RUNNING' });
    await expect(one.start(adoptBody(), { idempotency_key: 'a' })).resolves.toMatchObject({ owner: 'me' });
    expectZeroRow(one);
  });

  const otherFaults: [string, Observation][] = [
    ...(
      ['timeout', 'connection_refused', 'connection_reset', 'dns', 'tls', 'too_large', 'unparseable'] as FaultType[]
    ).map((type): [string, Observation] => [type, fails(type)]),
    ['500', answers({}, { http_status: 500 })],
    ['429', answers({}, { http_status: 429, retry_after_seconds: 20 })],
    ['a 403 that is a rate limit', answers({}, { http_status: 403, rate_limited: true })],
    ['no JSON', answers({}, { body: undefined, unparseable: 'unparseable' })],
    ['our own rate budget', fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 20 })],
  ];
  it.each(otherFaults)('goes on after %s: a failed check is not a failed job', async (_name, observation) => {
    const one = world();
    one.remote.status = (_call, number) => (number === 1 ? observation : answers({ state: 'FINISHED' }));
    const job = await one.start(adoptBody());
    expect(job.state).toMatchObject({ status: 'running', phase: 'polling', checks: 1 });
    await one.advance(30);
    expect(one.job(job.job_id).state.status).toBe('complete');
    if (!observation.answered || observation.retry_after_seconds !== null)
      expect(one.statusCalls()[1]).toBe(observation.retry_after_seconds ?? 3);
    expectAllOver(one);
  });

  it('warns when no acceptor path leads to a value, and takes it back when one does', async () => {
    const one = world();
    one.remote.status = () => answers({ status: 'running' });
    const job = await one.start(adoptBody());
    expect((await one.read(job.job_id)).warnings).toEqual([
      expect.stringMatching(/^no acceptor path leads to a value/),
    ]);
    await one.advance(10);
    expect((await one.read(job.job_id)).warnings).toHaveLength(1);
    one.remote.status = () => answers({ state: 'RUNNING' });
    await one.advance(60);
    expect((await one.read(job.job_id)).warnings).toEqual([]);
    expectZeroRow(one);
  });

  it.each([
    ['FINISHED', 'complete', null],
    ['ERROR', 'failed', 'upstream_failed'],
    ['ABORTED', 'cancelled', 'cancelled_upstream'],
  ])('a job that is %s already is recorded, told and returned', async (state, status, reason) => {
    const one = world();
    one.remote.status = () => answers({ state, figures: { rps: 7 }, error: { message: 'their words' } });
    const job = await one.start(adoptBody());
    expect(job.state).toMatchObject({ status, reason, owed: [] });
    expect(job.seen).toMatchObject({ message: 'their words', result: { rps: 7 } });
    expect(one.told()).toEqual(['job.settled']);
    await one.advance(3600);
    expect(one.calls).toHaveLength(1);
    expectAllOver(one);
  });

  it.each([
    ['NEEDS_APPROVAL', 'blocked'],
    ['ROLLING_BACK', 'failing'],
  ])('a job that is %s already is told of at once', async (state, phase) => {
    const one = world();
    one.remote.status = () => answers({ state });
    const job = await one.start(adoptBody());
    expect(job.state.phase).toBe(phase);
    expect(one.told()).toEqual([`job.${phase}`]);
    await one.advance(100);
    expect(one.told()).toEqual([`job.${phase}`]);
    expectZeroRow(one);
  });

  it('first_check "later" calls nobody yet', async () => {
    const one = world();
    const job = await one.start(adoptBody({ first_check: 'later', expected_seconds: 100 }));
    expect(job.state).toMatchObject({ checks: 0, phase: 'polling' });
    expect(one.calls).toEqual([]);
    await one.advance(40);
    expect(one.statusCalls()).toEqual([3, 9, 19, 29, 39]);
    expectZeroRow(one);
  });

  it('first_check "later" finds a wrong address at the first tick', async () => {
    const one = world();
    one.remote.status = () => answers({}, { http_status: 404 });
    const job = await one.start(adoptBody({ first_check: 'later' }));
    await one.advance(4);
    expect(one.job(job.job_id).state.reason).toBe('target_not_found');
    expectAllOver(one);
  });
});

describe('starting a job', () => {
  it('calls the starter once, looks at once, and keeps the handle', async () => {
    const one = world();
    one.remote.start = () => answers({ id: 42 }, { http_status: 201 });
    const job = await one.start(startBody());
    expect(job.handle).toEqual({ id: 42 });
    expect(job.state).toMatchObject({ phase: 'polling', checks: 1, starter_claimed_until_ms: null });
    expect(one.calls.map(({ call }) => call.url)).toEqual(['/runs', '/runs/42']);
    expectZeroRow(one);
  });

  it.each<[string, Observation, string, string]>([
    ['422 with words', answers({ error: { message: 'no plan' } }, { http_status: 422 }), 'start_rejected', 'no plan'],
    ['400 in plain text', answers('no such scenario', { http_status: 400 }), 'start_rejected', 'no such scenario'],
    ['401', answers({ message: 'expired' }, { http_status: 401 }), 'start_rejected', 'expired'],
    ['429', answers({}, { http_status: 429 }), 'start_rejected', 'the start call was answered with HTTP 429'],
    ['no id', answers({ ok: true }), 'start_rejected', 'without a usable id "id" at "id"'],
    ['an id that is an object', answers({ id: {} }), 'start_rejected', 'without a usable id'],
    ['an endless id', answers({ id: 'x'.repeat(3000) }), 'start_rejected', 'without a usable id'],
    [
      'nobody listening',
      fails('connection_refused', { sent: false }),
      'start_rejected',
      'connection_refused (scripted)',
    ],
    ['no such host', fails('dns', { sent: false }), 'start_rejected', 'dns (scripted)'],
    [
      'an address that is not allowed',
      fails('not_allowed', { sent: false }),
      'start_rejected',
      'not_allowed (scripted)',
    ],
  ])('rejects with the remote words: %s', async (_name, observation, reason, words) => {
    const one = world();
    one.remote.start = () => observation;
    await expect(one.start(startBody())).rejects.toMatchObject({
      code: 'START_REJECTED',
      message: expect.stringContaining(words),
      job_id: expect.stringMatching(/^job_/),
    });
    const [job] = one.jobs.values();
    expect(job?.state).toMatchObject({ status: 'failed', reason });
    expect(one.told()).toEqual(['job.settled']);
    expect(one.calls).toHaveLength(1);
    expectAllOver(one);
  });

  it.each<[string, Observation]>([
    ['a time-out', fails('timeout')],
    ['a connection that breaks', fails('connection_reset')],
    ['500', answers({ message: 'oops' }, { http_status: 500 })],
    ['503', answers({}, { http_status: 503, retry_after_seconds: 5 })],
    ['an answer nobody can read', answers(undefined, { unparseable: 'unparseable' })],
    ['an answer nested too deep', answers(undefined, { unparseable: 'too_deep' })],
  ])('settles start_unknown after %s, and never calls again', async (_name, observation) => {
    const one = world();
    one.remote.start = () => observation;
    const job = await one.start(startBody(), { idempotency_key: 'a' });
    expect(job.state).toMatchObject({ status: 'failed', reason: 'start_unknown' });
    expect((await one.read(job.job_id)).next_step).toMatch(/^It is not known whether the remote job began/);
    await one.start(startBody(), { idempotency_key: 'a' });
    await one.advance(3600);
    expect(one.secondsOf('start')).toHaveLength(1);
    expectAllOver(one);
  });

  it('held back by our rate budget it is started later, exactly once', async () => {
    const one = world();
    one.remote.start = () =>
      one.secondsOf('start').length < 4
        ? fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 7 })
        : answers({ id: 'run-9' });
    const job = await one.start(startBody());
    expect(job.state.phase).toBe('starting');
    await one.advance(22);
    expect(one.secondsOf('start')).toEqual([0, 7, 14, 21]);
    expect(one.job(job.job_id)).toMatchObject({ handle: { id: 'run-9' }, state: { phase: 'polling' } });
    expectZeroRow(one);
  });

  it('held back, with ticks that come twice and early, the tries do not multiply', async () => {
    const one = world({ disturb: (tick) => (tick.carrier === 'chain' ? [-1500, 0, 400] : [0, 0]) });
    one.remote.start = () => fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 10 });
    await one.start(startBody({ timeout_seconds: 400 }));
    await one.advance(300);
    expect(one.secondsOf('start').length).toBeLessThanOrEqual(40);
    await one.advance(300);
    expect([...one.jobs.values()][0]?.state.reason).toBe('timed_out');
    expectAllOver(one);
  });

  it.each([1800, 86_400])(
    'held back for %i s, longer than a message can wait, the heartbeat starts it',
    async (seconds) => {
      const one = world();
      let postponed = 0;
      one.remote.start = () =>
        postponed++ === 0
          ? fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: seconds })
          : answers({ id: 'run-9' });
      const job = await one.start(startBody({ timeout_seconds: 604_800, expected_seconds: 30 }));
      await one.advance(seconds + 61);
      expect(one.job(job.job_id).handle).toEqual({ id: 'run-9' });
      expect(one.crashes).toEqual([]);
      expectZeroRow(one);
    },
  );

  it('held back beyond its deadline it is never started', async () => {
    const one = world();
    one.remote.start = () => fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 3600 });
    const job = await one.start(startBody({ timeout_seconds: 600 }));
    await one.advance(700);
    expect(one.job(job.job_id).state.reason).toBe('timed_out');
    expect(one.secondsOf('start')).toEqual([0]);
    expectAllOver(one);
  });

  it('first_check "later" looks three seconds after the start', async () => {
    const one = world();
    await one.start(startBody({ first_check: 'later', expected_seconds: 100 }));
    await one.advance(10);
    expect(one.statusCalls()).toEqual([3, 9]);
    expectZeroRow(one);
  });
});

describe('an idempotency key', () => {
  const keyed = { idempotency_key: 'a' };

  it('finds the same job for the same body, however its keys are ordered', async () => {
    const one = world();
    const first = await one.start(startBody({ name: 'n', labels: { a: '1', b: '2' } }), keyed);
    const again = await one.start({ labels: { b: '2', a: '1' }, name: 'n', ...startBody() }, keyed);
    expect(again.job_id).toBe(first.job_id);
    expect(one.secondsOf('start')).toHaveLength(1);
    expectZeroRow(one);
  });

  it('rejects another body, and says which job has the key', async () => {
    const one = world();
    const first = await one.start(startBody(), keyed);
    await expect(one.start(startBody({ name: 'other' }), keyed)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED',
      job_id: first.job_id,
    });
    expect(one.secondsOf('start')).toHaveLength(1);
    expectZeroRow(one);
  });

  it('is one owner’s: another owner gets another job', async () => {
    const one = world();
    const first = await one.start(adoptBody(), keyed);
    expect((await one.start(adoptBody(), { ...keyed, owner: 'other' })).job_id).not.toBe(first.job_id);
    expectZeroRow(one);
  });

  it('finds the job also while it is starting', async () => {
    const one = world();
    one.remote.seconds = (part) => (part === 'start' ? 5 : 0);
    const starting = one.start(startBody(), keyed);
    await one.advance(1);
    const again = await one.start(startBody(), keyed);
    expect(again.state.phase).toBe('starting');
    await one.advance(10);
    expect((await starting).job_id).toBe(again.job_id);
    expect(one.secondsOf('start')).toEqual([0]);
    expectZeroRow(one);
  });

  it('finds the job after its end, without calling anybody', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.start(startBody(), keyed);
    const before = one.calls.length;
    expect((await one.start(startBody(), keyed)).state.status).toBe('complete');
    expect(one.calls.length).toBe(before);
    expect(one.told()).toEqual(['job.settled']);
    expectAllOver(one);
  });

  it('a hundred repeats bring no check more', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 100, first_check: 'later' }), keyed);
    for (let repeat = 0; repeat < 100; repeat++)
      await one.start(adoptBody({ expected_seconds: 100, first_check: 'later' }), keyed);
    await one.advance(60);
    expect(one.statusCalls()).toEqual([3, 9, 19, 29, 39, 49, 59]);
    expectZeroRow(one);
  });
});

describe('a start that fails after its record was written', () => {
  it('is acknowledged all the same, and the heartbeat makes it', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'FINISHED' });
    const full = () => Promise.reject(new RequestError('UNAVAILABLE', 'the disk is full'));
    const ports = { ...one.ports, jobs: { ...one.ports.jobs, claimStarter: full } };
    const job = await startJob(ports, one.settings, { owner: 'me', idempotency_key: null, body: startBody() });
    expect(job.state).toMatchObject({ status: 'running', phase: 'starting' });
    await one.advance(300);
    expect(one.job(job.job_id).state.status).toBe('complete');
    expect(one.calls.filter((call) => call.part === 'start')).toHaveLength(1);
    expectZeroRow(one);
  });
});
