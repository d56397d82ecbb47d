import { expect, it } from 'vitest';
import { killOn } from '../support/killing.ts';
import { adoptBody, answers, fails, startBody, world } from '../support/world.ts';
import { expectAllOver } from '../support/zero-row.ts';

it('an agent hands a load test over, does something else, and is told once how it ended', async () => {
  const one = world();
  const begun = one.now();
  one.remote.start = () => answers({ id: 'run-7' }, { http_status: 201 });
  one.remote.status = () =>
    one.now() - begun < 630_000
      ? answers({ state: 'RUNNING', progress: Math.floor((one.now() - begun) / 6300) })
      : answers({ state: 'FINISHED', figures: { p95_ms: 212 } });

  const job = await one.start(startBody({ name: 'checkout', expected_seconds: 630, labels: { team: 'perf' } }));
  expect(await one.read(job.job_id)).toMatchObject({
    status: 'running',
    handle: { id: 'run-7' },
    status_command: `untildone job status ${job.job_id}`,
  });

  await one.advance(315);
  expect(await one.read(job.job_id)).toMatchObject({ status: 'running', upstream_state: 'RUNNING' });
  expect(one.told()).toEqual([]);

  await one.advance(400);
  expect(one.told()).toEqual(['job.settled']);
  expect(one.published[0]?.event.data).toMatchObject({
    name: 'checkout',
    status: 'complete',
    result: { p95_ms: 212 },
    progress_pct: 100,
    labels: { team: 'perf' },
  });
  // Five looks while it ramps up, then one a minute.
  expect(one.statusCalls().length).toBeLessThanOrEqual(16);
  expectAllOver(one);
});

it('a person starts a run in the browser; an agent adopts it and sees it fail in its first seconds', async () => {
  const one = world();
  const begun = one.now();
  one.remote.status = () =>
    one.now() - begun < 5000
      ? answers({ state: 'STARTING' })
      : answers({ state: 'ERROR', error: { message: 'no injector in region eu-west-3' } });
  const job = await one.start(adoptBody({ expected_seconds: 3600 }));
  await one.advance(10);
  expect(await one.read(job.job_id)).toMatchObject({
    status: 'failed',
    reason: 'upstream_failed',
    message: 'no injector in region eu-west-3',
    next_step: expect.not.stringContaining('retry'),
  });
  expectAllOver(one);
});

it('a network that loses the answer to the start: nobody starts it twice, and everybody is told that it is unclear', async () => {
  const one = world();
  one.remote.start = () => fails('timeout');
  const job = await one.start(startBody(), { idempotency_key: 'deploy-42' });
  expect(job.state.reason).toBe('start_unknown');
  const again = await one.start(startBody(), { idempotency_key: 'deploy-42' });
  expect(again.job_id).toBe(job.job_id);
  expect(one.secondsOf('start')).toHaveLength(1);
  expect((await one.read(job.job_id)).next_step).toContain('job adopt');
  expectAllOver(one);
});

it('a deployment waits for a person: they are told, they act, and it goes on', async () => {
  const one = world();
  let approved = false;
  const begun = one.now();
  one.remote.status = () => {
    if (one.now() - begun < 60_000) return answers({ state: 'DEPLOYING' });
    return answers({ state: approved ? 'FINISHED' : 'NEEDS_APPROVAL' });
  };
  const job = await one.start(adoptBody({ expected_seconds: 200 }));
  const waited = await one.read(job.job_id, { wait_ms: 100_000 });
  expect(waited).toMatchObject({ phase: 'blocked', next_step: expect.stringContaining('person') });
  expect(one.told()).toEqual(['job.blocked']);
  approved = true;
  await one.advance(60);
  expect(one.told()).toEqual(['job.blocked', 'job.settled']);
  expectAllOver(one);
});

it('the remote system is down for a quarter of an hour: the job is out of sight, never failed, and ends well', async () => {
  const one = world();
  const begun = one.now();
  one.remote.status = () => {
    const minutes = (one.now() - begun) / 60_000;
    if (minutes >= 5 && minutes < 20) return answers({}, { http_status: 503 });
    return answers({ state: minutes < 30 ? 'RUNNING' : 'FINISHED' });
  };
  const job = await one.start(adoptBody({ expected_seconds: 1800, timeout_seconds: 7200 }));
  await one.advance(15 * 60);
  expect(await one.read(job.job_id)).toMatchObject({ status: 'running', phase: 'unreachable' });
  await one.advance(20 * 60);
  expect(await one.read(job.job_id)).toMatchObject({ status: 'complete' });
  expect(one.told()).toEqual(['job.unreachable', 'job.reachable', 'job.settled']);
  expectAllOver(one);
});

it('somebody changes their mind: the run is stopped there, and settles only when it has stopped', async () => {
  const one = world();
  let stopped_ms = Number.POSITIVE_INFINITY;
  one.remote.cancel = () => {
    stopped_ms = one.now() + 40_000;
    return answers({}, { http_status: 202 });
  };
  one.remote.status = () => answers({ state: one.now() < stopped_ms ? 'RUNNING' : 'ABORTED' });
  const job = await one.start(startBody({ expected_seconds: 300 }));
  await one.advance(100);
  await one.cancel(job.job_id);
  await one.advance(30);
  expect(await one.read(job.job_id)).toMatchObject({ status: 'running', phase: 'cancelling' });
  await one.advance(60);
  expect(await one.read(job.job_id)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
  expect(one.secondsOf('cancel')).toHaveLength(1);
  expectAllOver(one);
});

it('the machine dies between the verdict and the announcement: the next one tells it, once', async () => {
  const kill = killOn('events.append', 'before');
  const one = world({ around: kill.around });
  const begun = one.now();
  one.remote.status = () => answers({ state: one.now() - begun < 20_000 ? 'RUNNING' : 'FINISHED' });
  const job = await one.start(startBody({ expected_seconds: 50 }));
  await one.advance(30);
  expect(kill.at()).toMatch(/^before events\.append/);
  expect(one.job(job.job_id).state.status).toBe('complete');
  expect(one.told()).toEqual([]);
  const looks = one.calls.length;
  await one.advance(60);
  expect(one.told()).toEqual(['job.settled']);
  expect(one.calls.length).toBe(looks);
  expectAllOver(one);
});

it('a hundred jobs handed over together all end, each told once', async () => {
  const one = world();
  const begun = one.now();
  one.remote.status = ({ url }) => {
    const number = Number(url.slice('/runs/'.length));
    return answers({ state: one.now() - begun < (number % 120) * 1000 ? 'RUNNING' : 'FINISHED' });
  };
  for (let number = 0; number < 100; number++)
    await one.start(adoptBody({ expected_seconds: 100, handle: { status: { url: `/runs/${number}` } } }));
  await one.advance(300);
  expect(one.events).toHaveLength(100);
  expect(one.published).toHaveLength(100);
  expect([...one.jobs.values()].every((job) => job.state.status === 'complete')).toBe(true);
  expectAllOver(one);
});
