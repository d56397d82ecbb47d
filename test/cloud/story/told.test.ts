import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CloudStory, cloudStory } from './cloud-story.ts';
import { nameOf } from './kill-story.ts';
import { json, state } from './remote.ts';

let story: CloudStory;
beforeAll(async () => {
  story = await cloudStory();
}, 120_000);
afterAll(() => story.close());

it('a job is handed over, checked until it is done and told of once; then its schedule is gone', async () => {
  const { cloud, remote, gate } = story;
  // Two looks see it running: one by the start function, one by the poll function.
  remote.say(({ number }) =>
    number < 3 ? state('RUNNING') : json(200, { state: 'FINISHED', figures: { p95_ms: 212 } }),
  );
  const body = story.startBody('run-7', { name: 'checkout load test', expected_seconds: 30 });
  const started = await story.call('POST', '/v1/jobs', body);
  expect(started).toMatchObject({ status: 202, body: { status: 'running', handle: { id: 'run-7' }, checks: 1 } });
  const { job_id } = Object(started.body);
  expect(cloud.jobSchedules()).toMatchObject([{ input: { State: 'ENABLED' } }]);
  await story.untilOver(job_id, 60);
  expect(cloud.queues.mailbox).toMatchObject([
    {
      protocol: 'email',
      endpoint: 'ops@example.com',
      subject: expect.stringMatching(/^COMPLETE · checkout load test · \d+s$/),
      text: expect.stringContaining(job_id),
    },
  ]);
  expect(await story.job(job_id)).toMatchObject({ status: 'complete', result: { p95_ms: 212 }, checks: 3 });
  expect(await story.events(job_id)).toMatchObject([{ type: 'job.settled' }]);
  expect(await story.call('GET', '/v2/jobs')).toEqual({ status: 404, body: { message: 'Not Found' } });

  // A process each for start, poll and status, reused.
  const processes = cloud.described.functions.map(({ name }) => [nameOf(name), cloud.lambda.pids(name).length]);
  expect(Object.fromEntries(processes)).toMatchObject({ Start: 1, Poll: 1, Status: 1, Cancel: 0, Mcp: 0, Deliver: 0 });
  expect(cloud.queues.calls.filter(({ action }) => action === 'sns:Publish')).toHaveLength(1);
  expect(
    [cloud.dynamo, cloud.queues, cloud.scheduler].flatMap(({ calls }) => calls.filter(({ error }) => error)),
  ).toEqual([]);

  // The policies were asked, each by its own role: the schedule was deleted by the poll function, not by the start function.
  const deleting = gate.unused().filter((grant) => grant.includes('scheduler:DeleteSchedule'));
  expect(deleting).toContainEqual(expect.stringMatching(/^UntilDoneStartRole/));
  expect(deleting).not.toContainEqual(expect.stringMatching(/^UntilDonePollRole/));
});

it('mails tell of the events they were asked for, and of no other', async () => {
  const { cloud, remote } = story;
  const states = ['RUNNING', 'NEEDS_APPROVAL', 'RUNNING', 'ROLLING_BACK', 'ERROR'];
  remote.say(({ number }) => state(states[number - 1] ?? 'ERROR'));
  const before = cloud.queues.mailbox.length;
  const job_id = await story.adopt('blocked', { expected_seconds: 100 });
  await story.untilOver(job_id, 300);
  const types = (await story.events(job_id)).map(({ type }) => type);
  expect(types).toEqual(['job.blocked', 'job.failing', 'job.settled']);
  // The deployment's `emailsOn`: settled and blocked.
  const mailed = cloud.queues.mailbox.slice(before).map(({ attributes }) => attributes['event_type']?.StringValue);
  expect(mailed).toEqual(['job.blocked', 'job.settled']);
});

it('a credential that dies under three jobs is mailed once, and each job is published', async () => {
  const { cloud, remote } = story;
  remote.say(({ number }) => (number < 2 ? state('RUNNING') : json(401, { error: 'expired' })));
  const before = cloud.queues.mailbox.length;
  const jobs: string[] = [];
  for (const run of ['dead-1', 'dead-2', 'dead-3']) jobs.push(await story.adopt(run, { expected_seconds: 30 }));
  for (const job_id of jobs) await story.untilOver(job_id, 120);
  for (const job_id of jobs) {
    expect(await story.job(job_id)).toMatchObject({ status: 'failed', reason: 'auth_failed' });
    expect(await story.events(job_id)).toMatchObject([{ type: 'job.settled' }]);
    expect(story.published(job_id)).toHaveLength(1);
  }
  const mails = cloud.queues.mailbox.slice(before);
  expect(mails).toMatchObject([
    { protocol: 'email', text: expect.stringContaining('people are told of the first only') },
  ]);
});
