import { describe, expect, it } from 'vitest';
import { createSweepHandler } from '../../functions/sweep/handler.ts';
import { isTerminal } from '../../lib/core/job.ts';
import type { Ports, Tick } from '../../lib/ports.ts';
import { adoptBody, type World, world } from '../support/world.ts';
import { hearing } from './hearing.ts';

type Scheduled = Parameters<Ports['schedules']['create']>[0];

function sweeping(given: World, schedule: (one: Scheduled) => Promise<void> = async () => undefined) {
  const heard = hearing();
  const scheduled: Scheduled[] = [];
  const sent: Tick[] = [];
  const sweep = createSweepHandler(
    {
      jobs: given.ports.jobs,
      clock: given.ports.clock,
      activeJobs: {
        pages: async function* () {
          const active = [...given.jobs.values()].filter((job) => !isTerminal(job) || job.state.owed.length > 0);
          // An index may trail: an id of a job that has gone, too.
          yield [...active.map(({ job_id }) => job_id), 'job_gone'];
        },
      },
      schedules: { create: (one) => schedule(one).then(() => void scheduled.push(one)) },
      ticks: { send: async (tick) => void sent.push(tick) },
    },
    heard,
  );
  return { ...heard, sweep, scheduled, sent };
}
const start = (given: World) => given.start(adoptBody({ expected_seconds: 60, timeout_seconds: 3600 }));

describe('a sweep', () => {
  it('leaves jobs alone that are on their way', async () => {
    const given = world();
    await start(given);
    const { sweep, sent, figures } = sweeping(given);
    given.jump(599);
    expect(await sweep()).toEqual({ active: 1, orphans: 0 });
    expect(sent).toEqual([]);
    expect(figures).toEqual([{ ActiveJobs: 1, Orphans: 0, OldestActiveJobSeconds: 599 }]);
  });
  it('gives a job that is overdue by ten minutes a heartbeat and a tick', async () => {
    const given = world();
    const { job_id } = await start(given);
    const { sweep, sent, scheduled, lines } = sweeping(given);
    given.jump(700);
    expect(await sweep()).toEqual({ active: 1, orphans: 1 });
    expect(scheduled).toMatchObject([{ ref: { job_id }, first_at_ms: given.now() + 60_000 }]);
    expect(scheduled[0]?.end_at_ms).toBe(given.job(job_id).deadline_at_ms + 86_400_000);
    expect(sent).toMatchObject([{ job_id, carrier: 'heartbeat', expected_checks: null }]);
    expect(lines).toMatchObject([{ job_id }]);
  });
  it('does so long after the deadline too, when everything was switched off', async () => {
    const given = world();
    await start(given);
    const { sweep, scheduled } = sweeping(given);
    given.jump(30 * 86_400);
    await sweep();
    expect(scheduled[0]?.end_at_ms).toBe(given.now() + 86_400_000);
  });
  it('wakes an ended job that owes an event, once its heartbeat should have paid', async () => {
    const given = world();
    const job = await start(given);
    const record = given.job(job.job_id);
    record.state.status = 'complete';
    record.state.owed = [{ event_id: 'evt_1', type: 'settled', at_ms: given.now() }];
    const { sweep, sent } = sweeping(given);
    given.jump(100);
    expect(await sweep()).toEqual({ active: 1, orphans: 0 });
    given.jump(60);
    expect(await sweep()).toEqual({ active: 1, orphans: 1 });
    expect(sent).toMatchObject([{ job_id: job.job_id }]);
  });
  it('goes on when one cannot be woken', async () => {
    const given = world();
    const [first, second] = [await start(given), await start(given)];
    const { sweep, sent, lines } = sweeping(given, ({ ref }) =>
      ref.job_id === first.job_id ? Promise.reject(new Error('throttled')) : Promise.resolve(),
    );
    given.jump(700);
    expect(await sweep()).toEqual({ active: 2, orphans: 2 });
    expect(sent.map(({ job_id }) => job_id)).toEqual([second.job_id]);
    expect(lines.find(({ level }) => level === 'error')?.job_id).toBe(first.job_id);
  });
  it('says nothing of an oldest job where there is none', async () => {
    const { sweep, figures } = sweeping(world());
    await sweep();
    expect(figures).toEqual([{ ActiveJobs: 0, Orphans: 0, OldestActiveJobSeconds: 0 }]);
  });
});
