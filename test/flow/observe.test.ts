import { describe, expect, it } from 'vitest';
import type { Observation } from '../../lib/core/observation.ts';
import { Killed } from '../support/killing.ts';
import { adoptBody, answers, fails, startBody, type World, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

const body = { expected_seconds: 100, timeout_seconds: 900 };
const running = answers({ state: 'RUNNING' });

/** The script of a remote side that answers these in turn, the last one for ever. */
const inTurn = (...observations: Observation[]): World['remote']['status'] => {
  let turn = 0;
  return () => observations[Math.min(turn++, observations.length - 1)] ?? running;
};

describe('a check that fails', () => {
  it.each<[string, Observation]>([
    ['500', answers({}, { http_status: 500 })],
    ['408', answers({}, { http_status: 408 })],
    ['425', answers({}, { http_status: 425 })],
    ['429', answers({}, { http_status: 429 })],
    ['418', answers({}, { http_status: 418 })],
    ['no JSON', answers({}, { body: undefined, unparseable: 'unparseable' })],
    ['too large', answers({}, { body: undefined, unparseable: 'too_large' })],
    ['a time-out', fails('timeout')],
    ['a lost connection', fails('connection_reset')],
  ])('(%s) is no failed job: it is backed off, doubling, and forgotten when one is good', async (_name, failure) => {
    const one = world();
    one.remote.status = inTurn(running, failure, failure, failure, running);
    const job = await one.start(adoptBody(body));
    await one.advance(4);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'running', phase: 'polling', consecutive_errors: 1 });
    expect((await one.read(job.job_id)).warnings).toHaveLength(1);
    await one.advance(120);
    // 3 and 6 by the ramp; twice and four times the ten seconds after the second and third failure.
    expect(one.statusCalls().slice(0, 6)).toEqual([0, 3, 9, 29, 69, 79]);
    expect(one.job(job.job_id).state).toMatchObject({ consecutive_errors: 0, last_error: null });
    expect((await one.read(job.job_id)).warnings).toEqual([]);
    expect(one.told()).toEqual([]);
    expectZeroRow(one);
  });

  it('with Retry-After is not repeated before', async () => {
    const one = world();
    one.remote.status = inTurn(running, answers({}, { http_status: 429, retry_after_seconds: 45 }), running);
    await one.start(adoptBody(body));
    await one.advance(60);
    expect(one.statusCalls().slice(0, 3)).toEqual([0, 3, 48]);
    expectZeroRow(one);
  });

  it('a good answer with Retry-After is not repeated before either', async () => {
    const one = world();
    one.remote.status = inTurn(running, answers({ state: 'RUNNING' }, { retry_after_seconds: 45 }), running);
    await one.start(adoptBody(body));
    await one.advance(60);
    expect(one.statusCalls().slice(0, 3)).toEqual([0, 3, 48]);
    expectZeroRow(one);
  });

  it('five in a row are "unreachable", told once; one good answer is "reachable"', async () => {
    const one = world();
    const failure = fails('connection_refused', { sent: false });
    one.remote.status = inTurn(running, ...Array.from({ length: 8 }, () => failure), running);
    const job = await one.start(adoptBody({ ...body, expected_seconds: 600, timeout_seconds: 7200 }));
    await one.advance(240);
    expect(one.job(job.job_id).state.phase).toBe('unreachable');
    expect(one.told()).toEqual(['job.unreachable']);
    await one.advance(400);
    expect(one.job(job.job_id).state.phase).toBe('polling');
    expect(one.told()).toEqual(['job.unreachable', 'job.reachable']);
    expectZeroRow(one);
  });

  it('lost sight of twice is told twice, with ids of their own', async () => {
    const one = world();
    const failures = Array.from({ length: 6 }, () => fails('timeout'));
    one.remote.status = inTurn(running, ...failures, running, ...failures, running);
    await one.start(adoptBody({ expected_seconds: 3600, timeout_seconds: 7200 }));
    await one.advance(1800);
    expect(one.told()).toEqual(['job.unreachable', 'job.reachable', 'job.unreachable', 'job.reachable']);
    expect(new Set(one.published.map(({ event }) => event.event_id)).size).toBe(4);
    expectZeroRow(one);
  });

  it('held back by our own rate budget is no failed check', async () => {
    const one = world();
    const held = fails('rate_limited', { sent: false, postponed: true, retry_after_seconds: 20 });
    one.remote.status = inTurn(running, held, held, held, held, held, held, running);
    const job = await one.start(adoptBody(body));
    await one.advance(200);
    expect(one.told()).toEqual([]);
    expect(one.job(job.job_id).state).toMatchObject({ phase: 'polling', consecutive_errors: 0 });
    expectZeroRow(one);
  });
});

describe('at the deadline', () => {
  it('a job that is still going has timed out, after one last check', async () => {
    const one = world();
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 125 }));
    await one.advance(300);
    expect(one.statusCalls().slice(-2)).toEqual([119, 125]);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'failed', reason: 'timed_out' });
    expect(one.secondsOf('cancel')).toEqual([]);
    expectAllOver(one);
  });

  it('a job that ended just before is complete', async () => {
    const one = world();
    one.remote.status = () => answers({ state: one.statusCalls().at(-1) === 125 ? 'FINISHED' : 'RUNNING' });
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 125 }));
    await one.advance(300);
    expect(one.job(job.job_id).state.status).toBe('complete');
    expectAllOver(one);
  });

  it('a job we have lost sight of is unreachable, not timed out', async () => {
    const one = world();
    one.remote.status = inTurn(running, fails('dns', { sent: false }));
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 600 }));
    await one.advance(700);
    expect(one.job(job.job_id)).toMatchObject({
      state: { status: 'failed', reason: 'unreachable' },
      seen: { message: expect.stringContaining('dns') },
    });
    expect(one.told()).toEqual(['job.unreachable', 'job.overdue', 'job.settled']);
    expectAllOver(one);
  });

  it.each<[string, Observation, RegExp]>([
    ['accepted', answers({}, { http_status: 202 }), /^timed out; the remote system accepted the cancel/],
    ['declined', answers({}, { http_status: 409 }), /^timed out; the cancel was not accepted \(HTTP 409\)/],
    ['not heard', fails('timeout'), /^timed out; the cancel was not accepted \(timeout/],
  ])('cancel_on_timeout asks once, and says what came of it: %s', async (_name, observation, warning) => {
    const one = world();
    one.remote.cancel = () => observation;
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 60, cancel_on_timeout: true }));
    await one.advance(300);
    expect(one.secondsOf('cancel')).toEqual([60]);
    expect(one.statusCalls().at(-1)).toBe(60);
    const { state } = one.job(job.job_id);
    expect(state.reason).toBe('timed_out');
    expect(state.warnings).toEqual([expect.stringMatching(warning)]);
    expectAllOver(one);
  });

  it('cancel_on_timeout keeps what else there is to warn of', async () => {
    const one = world();
    one.remote.status = () => answers({ state: one.now() % 60_000 === 0 ? 'PURPLE' : 'RUNNING' });
    const job = await one.start(
      adoptBody({ ...body, timeout_seconds: 60, cancel_on_timeout: true, first_check: 'later' }),
    );
    await one.advance(300);
    expect(one.job(job.job_id).state.warnings).toEqual([
      expect.stringContaining('"PURPLE" is in no acceptor'),
      expect.stringMatching(/^timed out; the remote system accepted/),
    ]);
    expectAllOver(one);
  });

  it('cancel_on_timeout asks no second time where the caller’s wish was accepted before', async () => {
    const one = world();
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 60, cancel_on_timeout: true }));
    await one.cancel(job.job_id);
    await one.advance(300);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job.job_id).state.reason).toBe('timed_out');
    expectAllOver(one);
  });

  it('cancel_on_timeout tries its best also for a job we have lost sight of: it may be costing money', async () => {
    const one = world();
    one.remote.status = inTurn(running, fails('timeout'));
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 600, cancel_on_timeout: true }));
    await one.advance(700);
    expect(one.secondsOf('cancel')).toHaveLength(1);
    expect(one.job(job.job_id).state.reason).toBe('unreachable');
    expect(one.job(job.job_id).state.warnings).toEqual([expect.stringContaining('accepted the cancel')]);
    expectAllOver(one);
  });

  it('cancel_on_timeout of a kind without cancel says so', async () => {
    const one = world();
    const job = await one.start({
      ...adoptBody({ timeout_seconds: 60, cancel_on_timeout: true }),
      handle: { status: { url: '/runs/42' } },
    });
    await one.advance(100);
    expect(one.job(job.job_id).state.warnings).toEqual([
      expect.stringContaining('this kind of job cannot be cancelled'),
    ]);
    expectAllOver(one);
  });
});

describe('an answer that is final', () => {
  it.each<[string, Observation, string]>([
    ['401', answers({}, { http_status: 401 }), 'auth_failed'],
    ['403', answers({}, { http_status: 403 }), 'auth_failed'],
    ['an address that is not allowed any more', fails('not_allowed', { sent: false }), 'target_not_allowed'],
  ])('%s: %s', async (_name, observation, reason) => {
    const one = world();
    one.remote.status = inTurn(running, observation);
    const job = await one.start(adoptBody(body));
    await one.advance(10);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'failed', reason });
    expectAllOver(one);
  });

  it('404 is tolerated for thirty seconds after our start', async () => {
    const one = world();
    one.remote.status = () => answers({}, { http_status: 404 });
    const job = await one.start(startBody(body));
    await one.advance(29.5);
    expect(one.job(job.job_id).state.status).toBe('running');
    await one.advance(15);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'failed', reason: 'target_not_found' });
    expectAllOver(one);
  });

  it('404 that goes away in time was nothing', async () => {
    const one = world();
    one.remote.status = inTurn(
      answers({}, { http_status: 404 }),
      answers({}, { http_status: 404 }),
      answers({ state: 'FINISHED' }),
    );
    const job = await one.start(startBody(body));
    await one.advance(15);
    expect(one.job(job.job_id).state.status).toBe('complete');
    expectAllOver(one);
  });
});

describe('what is told on the way', () => {
  it('failing once a job, blocked at every entry, overdue once', async () => {
    const one = world();
    const word = (state: string): Observation => answers({ state });
    one.remote.status = () => {
      const second = one.statusCalls().at(-1) ?? 0;
      if (second < 30) return word('RUNNING');
      if (second < 60) return word('ROLLING_BACK');
      if (second < 80) return word('NEEDS_APPROVAL');
      if (second < 100) return word('ROLLING_BACK');
      if (second < 120) return word('NEEDS_APPROVAL');
      return word(second < 250 ? 'RUNNING' : 'ERROR');
    };
    const job = await one.start(adoptBody(body));
    await one.advance(400);
    expect(one.told()).toEqual(['job.failing', 'job.blocked', 'job.blocked', 'job.overdue', 'job.settled']);
    expect(one.job(job.job_id).state.reason).toBe('upstream_failed');
    expectAllOver(one);
  });

  it('a word nobody knows is still running, and warned of once', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'PURPLE' });
    const job = await one.start(adoptBody(body));
    await one.advance(120);
    expect(one.job(job.job_id).state.status).toBe('running');
    expect((await one.read(job.job_id)).warnings).toEqual([
      'the remote state "PURPLE" is in no acceptor; it is read as still running',
    ]);
    expectZeroRow(one);
  });

  it('a state that disappears is still running', async () => {
    const one = world();
    one.remote.status = inTurn(running, answers({}), answers({}), answers({ state: 'FINISHED' }));
    const job = await one.start(adoptBody(body));
    await one.advance(12);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'running', upstream_state: null });
    await one.advance(20);
    expect(one.job(job.job_id).state.status).toBe('complete');
    expectAllOver(one);
  });

  it('the remote words are kept as they are, with the end', async () => {
    const one = world();
    one.remote.status = inTurn(running, answers({ state: 'ERROR', error: { message: 'Disk <b>full</b> {id}' } }));
    const job = await one.start(adoptBody(body));
    await one.advance(10);
    expect(await one.read(job.job_id)).toMatchObject({
      message: 'Disk <b>full</b> {id}',
      observed: { _source: 'external', _trusted: false, value: { state: 'ERROR' } },
    });
    expectAllOver(one);
  });
});

describe('a connection that is gone', () => {
  const setConnection = (one: World, there: boolean): void => {
    const connections = one.settings.connections as Map<string, unknown>;
    const ci = connections.get('ci') ?? connections.get('hidden');
    connections.clear();
    connections.set(there ? 'ci' : 'hidden', ci);
  };

  it('blocks the job, is told once, and all goes on when it is back', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    await one.advance(20);
    setConnection(one, false);
    const before = one.calls.length;
    await one.advance(60);
    expect(one.calls.length).toBe(before);
    const blocked = await one.read(job.job_id);
    expect(blocked).toMatchObject({ status: 'running', phase: 'blocked', upstream_state: 'RUNNING' });
    expect(blocked.warnings).toEqual(['the connection "ci" is not configured any more']);
    expect(one.told()).toEqual(['job.blocked']);
    setConnection(one, true);
    await one.advance(20);
    expect(await one.read(job.job_id)).toMatchObject({ phase: 'polling', warnings: [] });
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.advance(20);
    expect(one.told()).toEqual(['job.blocked', 'job.settled']);
    expectAllOver(one);
  });

  it('makes no job reachable that was not, and warns of no acceptor', async () => {
    const one = world();
    one.remote.status = () => fails('timeout');
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 7200, expected_seconds: 3000 }));
    await one.advance(400);
    setConnection(one, false);
    await one.advance(120);
    expect(one.told()).toEqual(['job.unreachable', 'job.blocked']);
    expect(one.job(job.job_id).state.consecutive_errors).toBeGreaterThanOrEqual(5);
    expect((await one.read(job.job_id)).warnings.join()).not.toContain('acceptor');
    setConnection(one, true);
    one.remote.status = () => running;
    await one.advance(120);
    expect(one.told()).toEqual(['job.unreachable', 'job.blocked', 'job.reachable']);
    expectZeroRow(one);
  });

  it('is told of also while the job is being cancelled', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    await one.advance(20);
    setConnection(one, false);
    await one.cancel(job.job_id);
    await one.advance(60);
    expect(one.job(job.job_id).state.phase).toBe('blocked');
    expect(one.told()).toEqual(['job.blocked']);
    expectZeroRow(one);
  });

  it('ends at the deadline all the same', async () => {
    const one = world();
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 300, cancel_on_timeout: true }));
    setConnection(one, false);
    await one.advance(400);
    expect(one.job(job.job_id)).toMatchObject({
      state: { status: 'failed', reason: 'unreachable' },
      seen: { message: 'the connection "ci" is not configured any more' },
    });
    expect(one.calls).toHaveLength(1);
    expectAllOver(one);
  });
});

describe('nothing loops for ever', () => {
  it('five claims in a row without a word end in internal_error', async () => {
    let deadly = false;
    const one = world({
      around: ({ name, invocation, go }) => {
        if (invocation?.dead === true || (deadly && name === 'transports.call')) {
          if (invocation !== undefined) invocation.dead = true;
          return Promise.reject(new Killed('out of memory'));
        }
        return go();
      },
    });
    const job = await one.start(adoptBody({ ...body, timeout_seconds: 7200 }));
    await one.advance(100);
    deadly = true;
    await one.advance(7 * 60);
    expect(one.job(job.job_id)).toMatchObject({
      state: { status: 'failed', reason: 'internal_error' },
      seen: { message: '5 checks in a row began and were never heard of again' },
    });
    expect(one.crashes).toHaveLength(5);
    expectAllOver(one);
  });

  it('good checks without a save are not counted, on the chain or on heartbeats', async () => {
    for (const expected_seconds of [100, 3600]) {
      const one = world();
      const job = await one.start(adoptBody({ expected_seconds, timeout_seconds: 20_000 }));
      await one.advance(3600);
      expect(one.job(job.job_id).state).toMatchObject({ status: 'running', reason: null });
      expectZeroRow(one);
    }
  });

  it('gives up after max_checks_per_job', async () => {
    const one = world({ configuration: { max_checks_per_job: 7 } });
    const job = await one.start(adoptBody(body));
    await one.advance(300);
    expect(one.calls).toHaveLength(7);
    expect(one.job(job.job_id)).toMatchObject({
      state: { reason: 'internal_error' },
      seen: { message: 'gave up after 7 checks (max_checks_per_job)' },
    });
    expectAllOver(one);
  });
});

describe('progress that is asked for apart', () => {
  const scan = {
    name: 'scan',
    transport: 'http',
    start: { url: '/scans', body: { site: '{site}' } },
    handle: { id: 'id' },
    status: { url: '/scans/{id}' },
    progress: { url: '/scans/{id}/progress' },
    cancel: { method: 'DELETE', url: '/scans/{id}' },
    acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } }],
    paths: { progress: 'pct', upstream_state: 'state' },
  };
  const withScan = (): World => world({ configuration: { kinds: [scan] } });
  const begin = (one: World) =>
    one.start({ kind: 'scan', connection: 'ci', input: { site: 's' }, expected_seconds: 100 });

  it('is asked after each answer that goes on, in turn, and never after the end', async () => {
    const one = withScan();
    one.remote.status = inTurn(running, running, running, answers({ state: 'DONE' }));
    one.remote.progress = () => answers({ pct: 12.5 * one.secondsOf('progress').length });
    const job = await begin(one);
    expect(one.job(job.job_id).state.progress_pct).toBe(12.5);
    await one.advance(60);
    expect(one.calls.map(({ part }) => part)).toEqual([
      'start',
      'status',
      'progress',
      'status',
      'progress',
      'status',
      'progress',
      'status',
    ]);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'complete', progress_pct: 100 });
    expectAllOver(one);
  });

  it('decides nothing: neither a hundred percent nor an error', async () => {
    const one = withScan();
    one.remote.progress = () =>
      one.secondsOf('progress').length < 3 ? answers({ pct: 100, state: 'DONE' }) : answers({}, { http_status: 401 });
    const job = await begin(one);
    await one.advance(60);
    expect(one.job(job.job_id).state).toMatchObject({ status: 'running', consecutive_errors: 0, progress_pct: 99 });
    expectZeroRow(one);
  });

  it('is not asked after a failed check, nor with less than a second left', async () => {
    const one = withScan();
    one.remote.status = inTurn(fails('timeout'), running);
    await begin(one);
    expect(one.secondsOf('progress')).toEqual([]);
    one.remote.seconds = (part) => (part === 'status' ? 24.5 : 0);
    await one.advance(30);
    expect(one.secondsOf('progress')).toEqual([]);
    expectZeroRow(one);
  });
});
