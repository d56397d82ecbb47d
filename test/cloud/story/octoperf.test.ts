import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { octoperfServer } from '../../support/octoperf-server.ts';
import { octoperfBodies as bodies } from '../../support/octoperf-world.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';

/* The four kinds of OctoPerf from the bundles that are deployed: each started by its tool, watched to its end, told of once. */

let story: CloudStory;
let server: Awaited<ReturnType<typeof octoperfServer>>;
beforeAll(async () => {
  server = await octoperfServer();
  story = await cloudStory({ tools_url: server.url });
}, 120_000);
afterAll(async () => {
  await story.close();
  await server.close();
});
beforeEach(() => server.remote.calls.splice(0));

async function start(body: object, handle: object): Promise<string> {
  const answered = await story.call('POST', '/v1/jobs', { ...body, announce: { targets: [] } });
  expect(answered).toMatchObject({ status: 202, body: { phase: 'polling', handle } });
  return String(Object(answered.body).job_id);
}
async function over(job_id: string): Promise<Record<string, unknown>> {
  await story.untilOver(job_id, 300);
  expect((await story.events(job_id)).map(({ type }) => type)).toEqual(['job.settled']);
  expect(story.published(job_id)).toHaveLength(1);
  return story.job(job_id);
}
const task = (status: string, message: string | null = null) => {
  for (const one of server.remote.tasks.values()) Object.assign(one, { status, message });
};
afterEach(async () => {
  const calls = server.remote.calls.length;
  await story.time.advance(3600);
  expect(server.remote.calls.length, 'calls after the end').toBe(calls);
  server.remote.results.clear();
  server.remote.tasks.clear();
});

it('a scenario of two results is over when both are, and failed when one was aborted', async () => {
  const { remote } = server;
  remote.knobs.results_per_run = 2;
  const job_id = await start(bodies.scenario(), { benchReportId: 'report-1', scenarioId: 's-1' });
  const [first = ''] = [...remote.results.keys()];
  remote.become('RUNNING');
  await story.time.advance(90);
  remote.become('FINISHED');
  remote.become('ABORTED', first);
  expect(await over(job_id)).toMatchObject({
    status: 'failed',
    reason: 'upstream_failed',
    upstream_state: 'ABORTED, FINISHED',
    expected_seconds: 330,
    next_step: expect.stringContaining('octoperf-scenario-diagnosis'),
    observed: { value: { benchResultIds: [{ id: first, status: 'failed' }, { status: 'complete' }] } },
  });
  expect([remote.count('run_scenario'), remote.count('get_scenario')]).toEqual([1, 1]);
});

it('a scenario that is cancelled is stopped by its tool, and looked at until that is seen', async () => {
  const { remote } = server;
  remote.knobs.results_per_run = 1;
  const job_id = await start(bodies.scenario(), { benchReportId: 'report-1' });
  remote.become('RUNNING');
  expect(await story.call('POST', `/v1/jobs/${job_id}/cancel`)).toMatchObject({ status: 202 });
  expect(await over(job_id)).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
  expect(remote.count('stop_bench_result')).toBe(1);
});

it('a validation ends with our run, whatever a newer one of the same virtual user does', async () => {
  const { remote } = server;
  const job_id = await start(bodies.validation(), { projectId: 'p-1', virtualUserId: 'vu-1' });
  const [ours = ''] = [...remote.results.keys()];
  const newer = remote.begin('').id;
  remote.become('FINISHED', newer);
  await story.time.advance(30);
  expect(await story.job(job_id)).toMatchObject({ status: 'running' });
  remote.become('FINISHED', ours);
  expect(await over(job_id)).toMatchObject({
    status: 'complete',
    next_step: expect.stringContaining('FINISHED is not passed'),
  });
});

it('an export that is done in part is complete, with a warning', async () => {
  const job_id = await start(bodies.pdf(), { benchReportId: 'report-1' });
  task('PARTIAL', 'report-2 has no data');
  expect(await over(job_id)).toMatchObject({
    status: 'complete',
    message: 'report-2 has no data',
    warnings: [expect.stringContaining('PARTIAL')],
  });
});

it('a correlation that fails says so in the words of its backend', async () => {
  const job_id = await start(bodies.correlation(), { projectId: 'p-1' });
  const words = 'java.lang.IllegalStateException: no recording\n\tat com.example.Correlate.run(Correlate.java:12)';
  task('FAILED', words);
  expect(await over(job_id)).toMatchObject({
    status: 'failed',
    message: words,
    next_step: expect.stringContaining('octoperf-auto-correlation'),
  });
});

it('a starter that refuses leaves nothing to watch', async () => {
  const { remote } = server;
  remote.refuse['run_scenario'] = '402: no plan matches';
  expect(await story.call('POST', '/v1/jobs', bodies.scenario())).toMatchObject({
    status: 422,
    body: { code: 'START_REJECTED', job: { reason: 'start_rejected', message: '402: no plan matches' } },
  });
  delete remote.refuse['run_scenario'];
  expect(story.cloud.jobSchedules()).toEqual([]);
});
