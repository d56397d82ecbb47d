import { describe, expect, it } from 'vitest';
import { createPollHandler } from '../../functions/poll/handler.ts';
import { readTick } from '../../lib/aws/sqs-ticks.ts';
import { type Job, refOf } from '../../lib/core/job.ts';
import type { Ports } from '../../lib/ports.ts';
import { adoptBody, answers, fails, type World, world } from '../support/world.ts';
import { batchOf, hearing } from './hearing.ts';
import { afterOn, oneByOne } from './together.ts';

function polled(given: World = world(), ports: Partial<Ports> = {}) {
  const heard = hearing();
  const { log, measure } = heard;
  const all = { ...given.ports, ...ports };
  const { settings } = given;
  const plug = { settings, readTick, sendMany: oneByOne(all.ticks), after: afterOn(given), log, measure };
  const handler = createPollHandler(all, plug);
  return { ...heard, handler, world: given };
}
const later = (body: Record<string, unknown> = {}) =>
  adoptBody({ first_check: 'later', expected_seconds: 60, ...body });
const tickOf = (job: Job, given: World) => ({
  ...refOf(job),
  carrier: 'chain',
  expected_checks: job.state.checks,
  due_at_ms: given.now(),
});

describe('a batch of ticks', () => {
  it('is checked at once, and nothing of it comes again', async () => {
    const { handler, world: given } = polled();
    const jobs = await Promise.all([given.start(later()), given.start(later())]);
    given.remote.seconds = (part) => (part === 'status' ? 4 : 0);
    const begun_ms = given.now();
    await given.advance(3);
    const done = handler(batchOf(...jobs.map((job) => tickOf(job, given))));
    await given.advance(4);
    expect(await done).toEqual({ batchItemFailures: [] });
    expect(given.statusCalls().slice(0, 2)).toEqual([3, 3]);
    expect(given.now() - begun_ms).toBe(7000);
  });
  it('names only the ticks that threw: a failed look is noted in the job instead', async () => {
    const given = world();
    const [unseen, broken] = [await given.start(later()), await given.start(later())];
    const { load } = given.ports.jobs;
    const jobs = {
      ...given.ports.jobs,
      load: (job_id: string) =>
        job_id === broken.job_id ? Promise.reject(new Error('the table is busy')) : load(job_id),
    };
    const { handler, lines } = polled(given, { jobs });
    given.jump(60);
    given.remote.status = () => fails('timeout');
    const { batchItemFailures } = await handler(
      batchOf(tickOf(unseen, given), tickOf(broken, given), 'no tick at all'),
    );
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm1' }, { itemIdentifier: 'm2' }]);
    expect(
      lines
        .filter(({ level }) => level === 'error')
        .map(({ job_id }) => job_id)
        .sort(),
    ).toEqual([broken.job_id, null]);
    expect(given.job(unseen.job_id).state.consecutive_errors).toBeGreaterThan(0);
  });
});

describe('what a poll says', () => {
  it('carries the job id on every line, and no body', async () => {
    const { handler, lines, world: given } = polled();
    const job = await given.start(later());
    given.jump(60);
    given.remote.status = () => answers({ state: 'FINISHED', figures: { secret: 'of the remote side' } });
    await handler(batchOf({ ...tickOf(given.job(job.job_id), given) }));
    expect(lines.map(({ job_id }) => job_id)).toEqual(lines.map(() => job.job_id));
    expect(lines.at(-1)).toMatchObject({ level: 'info', message: 'settled', status: 'complete' });
    expect(JSON.stringify(lines)).not.toContain('of the remote side');
  });
  it('counts checks by kind with how late they were, and announcements by outcome', async () => {
    const given = world();
    const { handler, figures } = polled(given);
    const job = await given.start(later());
    given.remote.status = () => answers({ state: 'FINISHED' });
    const due_at_ms = given.job(job.job_id).state.next_check_at_ms;
    // Our clock alone moves on: no tick but the batch's looks.
    given.jump(5 + (due_at_ms - given.now()) / 1000);
    await handler(batchOf({ ...tickOf(job, given), due_at_ms }));
    expect(figures).toContainEqual({ Checks: 1, DetectionLagMs: [5000], kind: 'http' });
    expect(figures).toContainEqual({ Announcements: 1, outcome: 'complete' });
  });
  it('leaves people out once they were told of a dead credential, and counts every announcement', async () => {
    const mail = { name: 'mail', smtp_url: 'env:SMTP', from: 'a@example.com', to: ['b@example.com'] };
    const given = world({
      configuration: {
        connections: { ci: { transport: 'http', url: 'https://ci.example.com' } },
        announce: { email: [mail] },
      },
    });
    const { handler, figures } = polled(given);
    const jobs = [await given.start(later()), await given.start(later())];
    given.jump(60);
    const death = { id: 'secret-1', renew: 'store a valid one at env:T' };
    given.remote.status = () => answers({}, { http_status: 401, death });
    await handler(batchOf(...jobs.map((job) => tickOf(job, given))));
    expect(given.published.map(({ targets }) => targets.length).sort()).toEqual([0, 1]);
    expect(figures).toContainEqual({ Announcements: 2, outcome: 'failed' });
  });
  it('counts failed looks by host, and refused credentials', async () => {
    const given = world();
    const { handler, figures } = polled(given);
    const [timed, refused] = [await given.start(later()), await given.start(later())];
    given.jump(60);
    given.remote.status = (_, number) => (number === 1 ? fails('timeout') : answers({}, { http_status: 401 }));
    await handler(batchOf(tickOf(timed, given), tickOf(refused, given)));
    expect(figures).toContainEqual({ CheckErrors: 2, host: 'ci.example.com' });
    expect(figures).toContainEqual({ CredentialsRefused: 1 });
  });
  it('measures no checks where none was made', async () => {
    const { handler, figures, world: given } = polled();
    const job = await given.start(later());
    await handler(batchOf({ ...tickOf(job, given), expected_checks: null, carrier: 'heartbeat' }));
    expect(figures).toEqual([]);
  });
});
