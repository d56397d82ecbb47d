import { expect, it } from 'vitest';
import { askUntilAnswered, eventsIn, onBothSides } from './kill-story.ts';
import { state } from './remote.ts';

/*
 * One job after another through the same cloud, each with the process killed at another of its AWS calls: before the call
 * reaches AWS, or after it took effect and before its answer.
 */

const unclear = { reason: 'start_unknown', starts_at_most_once: true };

it(
  'a function killed at any call, before or after it takes effect, loses nothing, starts nothing twice and pays each event',
  () =>
    // The sweep and readers are nobody's job.
    onBothSides(['Start', 'Poll'], async ({ story, begin, killEach }) => {
      story.remote.say(({ number }) => state(number < 3 ? 'RUNNING' : 'FINISHED'));
      const kills = await killEach('run', async (run) => {
        begin();
        const { status, body } = await askUntilAnswered(story, '/v1/jobs', story.startBody(run), `key-of-${run}`);
        expect([200, 202, 422]).toContain(status);
        const job_id = String(body['job_id'] ?? Object(body['job']).job_id);
        await story.untilOver(job_id, 1800);
        return job_id;
      });
      expect(kills.length).toBeGreaterThan(20);

      const unknown: string[] = [];
      const events = await eventsIn(story);
      for (const { run, where, killed, told: job_id } of kills) {
        const { status, reason } = await story.job(job_id);
        const starts = story.remote.starts().filter((one) => one === run).length;
        if (status === 'failed') {
          expect({ reason, starts_at_most_once: starts <= 1 }, where).toEqual(unclear);
          unknown.push(killed);
        } else expect({ status, starts }, where).toEqual({ status: 'complete', starts: 1 });
        expect(events(job_id), where).toHaveLength(1);
      }
      // Only who dies with the right to start in hand leaves it unclear: between its claim and the handle.
      expect(unknown).toEqual(['Start dynamodb:UpdateItem']);
    }),
  480_000,
);
