import { DeleteScheduleCommand } from '@aws-sdk/client-scheduler';
import { expect, it } from 'vitest';
import { adoptBody } from '../../support/world.ts';
import { askUntilAnswered, eventsIn, type KillStory, nameOf, onBothSides, type Side } from './kill-story.ts';
import { state } from './remote.ts';

/* The same as `kill.test.ts` for the functions that tell targets, take wishes and look for lost jobs. */

/** Targets that answer so; the function that posts can be killed before they hear of it, or when they have. */
function sayTargets({ story, meets }: KillStory, side: Side, statusOf: (number: number, path: string) => number): void {
  const { cloud, remote } = story;
  const deliver = cloud.described.functions.find(({ name }) => nameOf(name) === 'Deliver')?.name ?? '';
  remote.sayHook((number, path) => {
    const dies = meets(`Deliver POST ${path}`);
    if (dies) for (const environment of cloud.lambda.working(deliver)) void cloud.lambda.kill(environment);
    return dies && side === 'before' ? null : statusOf(number, path);
  });
}

it(
  'the function that tells targets, killed at any call or post, tells each at least once, by the same id',
  () =>
    onBothSides(['Deliver'], async (kill, side) => {
      const { story, begin, killEach } = kill;
      const { cloud, remote, time } = story;
      remote.say(() => state('FINISHED'));
      const [deliveries, dead] = [story.queue('AnnouncementsDeliveriesQueue'), 'AnnouncementsDeliveriesDeadLetters'];
      const toldOf = (job_id: string) => remote.told().filter(({ body }) => body.includes(job_id));
      const isOver = (job_id: string): boolean => {
        const { ready, in_flight } = cloud.queues.depth(deliveries);
        const heard = toldOf(job_id).some(({ path, status }) => path === '/hook' && status === 204);
        const buried = cloud.queues.bodies(story.queue(dead)).some((body) => body.includes(job_id));
        return heard && buried && ready + in_flight === 0;
      };
      const kills = await killEach('told', async (run) => {
        // The webhook hears at the second attempt; the channel is gone for good.
        sayTargets(kill, side, (number, path) => (path === '/slack' ? 410 : number === 1 ? 500 : 204));
        begin();
        const body = adoptBody({ handle: { status: { url: `/runs/${run}` } } });
        const { status, body: job } = await askUntilAnswered(story, '/v1/jobs', body, `key-of-${run}`);
        expect(status).toBe(200);
        const job_id = String(job['job_id']);
        await time.until(() => isOver(job_id), 1200);
        return job_id;
      });
      expect(kills.map(({ killed }) => killed)).toEqual(
        expect.arrayContaining(['Deliver POST /hook', 'Deliver POST /slack', 'Deliver sqs:SendMessage']),
      );

      const events = await eventsIn(story);
      for (const { where, told: job_id } of kills) {
        const [event_id, ...more] = events(job_id);
        expect(more, where).toEqual([]);
        const hooks = toldOf(job_id).filter(({ path }) => path === '/hook');
        expect(new Set(hooks.map(({ headers }) => headers['webhook-id'])), where).toEqual(new Set([event_id]));
        const { announcements } = await story.job(job_id);
        expect(announcements, where).toMatchObject(
          expect.arrayContaining([
            expect.objectContaining({ target: 'ops', event_id, state: 'delivered' }),
            expect.objectContaining({ target: 'perf', event_id, state: 'failed' }),
          ]),
        );
      }
    }),
  480_000,
);

it.each([[true], [false]])(
  'a wish to cancel, its functions killed at any call, ends the job once (asking the remote side: %s)',
  (asks) =>
    onBothSides(['Cancel', 'Poll'], async ({ story, begin, killEach }) => {
      const { remote } = story;
      remote.say(({ run }) => state(remote.cancels().includes(run) ? 'ABORTED' : 'RUNNING'));
      const kills = await killEach('wish', async (run) => {
        const cancel = { method: 'POST', url: `/runs/${run}/cancel` };
        const job_id = await story.adopt(run, { handle: { status: { url: `/runs/${run}` }, cancel } });
        begin();
        const { status } = await askUntilAnswered(story, `/v1/jobs/${job_id}/cancel`, { remote: asks });
        expect([200, 202]).toContain(status);
        await story.untilOver(job_id, 1800);
        return job_id;
      });
      const events = await eventsIn(story);
      for (const { run, where, told: job_id } of kills) {
        expect(await story.job(job_id), where).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
        expect(events(job_id), where).toHaveLength(1);
        expect(remote.cancels().includes(run), where).toBe(asks);
      }
    }),
  480_000,
);

it(
  'the sweep, killed at any call, brings a lost job back, which then ends',
  () =>
    onBothSides(['Sweep'], async ({ story, begin, killEach }) => {
      const { cloud, remote, time } = story;
      const kills = await killEach(
        'lost',
        async (run) => {
          remote.say(() => state('RUNNING'));
          const job_id = await story.adopt(run, { expected_seconds: 600, timeout_seconds: 7200 });
          const [schedule] = cloud.jobSchedules();
          // The chain of the ramp runs out, and no heartbeat follows.
          const GroupName = schedule?.input.GroupName;
          await cloud.operator.scheduler.send(new DeleteScheduleCommand({ GroupName, Name: job_id }));
          await time.advance(660);
          begin();
          await time.until(() => story.hasSchedule(job_id), 900);
          const looks = remote.looks(run).length;
          remote.say(() => state('FINISHED'));
          await story.untilOver(job_id, 600);
          expect(remote.looks(run)).toHaveLength(looks + 1);
          return job_id;
        },
        { ends_of_rows: true },
      );
      const events = await eventsIn(story);
      for (const { where, told: job_id } of kills) {
        expect(await story.job(job_id), where).toMatchObject({ status: 'complete' });
        expect(events(job_id), where).toHaveLength(1);
      }
    }),
  480_000,
);
