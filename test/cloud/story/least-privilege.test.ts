import { DeleteScheduleCommand } from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { state } from './remote.ts';
import { toolClient } from './tool-client.ts';
import { unusedGrants } from './unused-grants.ts';

let story: CloudStory;
let losesChain = false;
let refusesBeats = false;

beforeAll(async () => {
  story = await cloudStory({
    queues: {
      disturb: ({ body }) => (losesChain && body.includes('"carrier":"chain"') ? [] : [0]),
      fault: ({ session_token, resource }) =>
        refusesBeats && session_token?.includes('SchedulesRole') === true && resource.includes('TicksQueue')
          ? 'fail'
          : undefined,
    },
  });
}, 120_000);
afterAll(() => story.close());

const told = { announce: { targets: ['ops', 'perf'] }, connection: 'secured' };
async function start(run: string): Promise<string> {
  const { status, body } = await story.call('POST', '/v1/jobs', story.startBody(run, told), `key-of-${run}`);
  expect(status).toBe(202);
  return String(Object(body).job_id);
}

/** A job from start to end; its target needs a second attempt, and another one is gone for good. */
async function tellTargets(): Promise<void> {
  const { remote, time } = story;
  remote.say(({ number }) => state(number < 4 ? 'RUNNING' : 'FINISHED'));
  remote.sayHook((number) => (number === 1 ? 500 : 204));
  await story.untilOver(await start('toured'), 120);
  await time.until(() => remote.hooks().length === 2, 60);
  remote.sayHook(() => 410);
  await story.untilOver(await start('untold'), 120);
  await time.until(() => story.cloud.queues.bodies(story.queue('AnnouncementsDeliveriesDeadLetters')).length > 0, 60);
}
/** Ended before it was handed over. */
async function adoptEnded(): Promise<void> {
  story.remote.say(() => state('FINISHED'));
  const body = { ...story.startBody('ended', told), input: undefined, handle: { status: { url: '/runs/ended' } } };
  expect((await story.call('POST', '/v1/jobs', body)).status).toBe(200);
}
/** Wished away, once by asking the remote side and once by looking away. */
async function cancelTwice(): Promise<void> {
  story.remote.say(() => state('RUNNING'));
  for (const remote of [true, false]) {
    const job_id = await start(`cancelled-${remote}`);
    expect((await story.call('POST', `/v1/jobs/${job_id}/cancel`, { remote })).status).toBeLessThan(300);
    expect(await story.job(job_id)).toMatchObject({ job_id });
  }
  expect((await story.call('GET', '/v1/jobs')).status).toBe(200);
}
/** All of it again, by tools. */
async function useTools(): Promise<void> {
  const tools = await toolClient(story.cloud.url);
  story.remote.say(({ run }) => state(run === 'tool-ended' ? 'FINISHED' : 'RUNNING'));
  const handOver = (run: string) => tools.call('job_start', { ...story.startBody(run, told), idempotency_key: run });
  expect(await handOver('tool-ended')).toMatchObject({ status: 'complete' });
  const { job_id } = await handOver('tool-started');
  expect(await tools.call('job_get', { job_id })).toMatchObject({ job_id, status: 'running' });
  expect(await tools.call('job_list')).toMatchObject({ items: expect.arrayContaining([expect.anything()]) });
  expect(await tools.call('job_cancel', { job_id, remote: false })).toMatchObject({ status: 'cancelled' });
  await tools.close();
}
/** Without chain and schedule until the sweep comes; and beats that no queue takes. */
async function loseJob(): Promise<void> {
  losesChain = true;
  const job_id = await start('lost');
  const GroupName = story.cloud.jobSchedules()[0]?.input.GroupName;
  await story.cloud.operator.scheduler.send(new DeleteScheduleCommand({ GroupName, Name: job_id }));
  await story.time.until(() => story.hasSchedule(job_id), 1500);
  refusesBeats = true;
  const dead = story.queue('SchedulesDeadLetters');
  await story.time.until(() => story.cloud.queues.bodies(dead).length > 0, 300);
  refusesBeats = losesChain = false;
}

/** Finds nothing wrong but the server of tools, which does not run here, and leaves nothing behind. */
async function askDoctor(): Promise<void> {
  const before = story.cloud.jobSchedules().length;
  const { status, body } = await story.call('POST', '/v1/doctor', { send_test: true });
  const { checks }: { checks: { name: string; ok: boolean; message: string }[] } = Object(body);
  expect(status).toBe(200);
  expect(checks.filter(({ ok }) => !ok).map(({ name }) => name)).toEqual(['connection tools']);
  const names = checks.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'job table',
      'schedules',
      'tick queue',
      'topic',
      'target ops',
      'secret of secured',
      'connection secured',
    ]),
  );
  expect(JSON.stringify(body)).not.toContain('t0ken');
  expect(story.cloud.jobSchedules()).toHaveLength(before);
}

it('everything that a role may do is done in one tour, or listed with its reason', async () => {
  await tellTargets();
  const looks = story.remote.seen.filter(({ path }) => path === '/runs/toured');
  expect(new Set(looks.map(({ headers }) => headers['authorization']))).toEqual(new Set(['Bearer t0ken']));
  await adoptEnded();
  await cancelTwice();
  await useTools();
  await loseJob();
  await askDoctor();

  const unused = story.gate.unused();
  expect(unused.filter((grant) => !unusedGrants.some(([known]) => known.test(grant)))).toEqual([]);
  for (const [known, why] of unusedGrants)
    expect(
      unused.some((grant) => known.test(grant)),
      why,
    ).toBe(true);
}, 120_000);
