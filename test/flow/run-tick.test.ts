import { describe, expect, it } from 'vitest';
import { adoptBody, answers, startBody, world } from '../support/world.ts';

describe('a job is watched to its end', () => {
  it('ramps up 3, 6, 12 … to a tenth of the expectation', async () => {
    const one = world();
    await one.start(adoptBody({ expected_seconds: 200 }));
    await one.advance(120);
    expect(one.statusCalls()).toEqual([0, 3, 9, 21, 41, 61, 81, 101]);
  });

  it('settles, tells once and leaves nothing behind', async () => {
    const one = world();
    one.remote.status = (_call, number) =>
      answers(number < 4 ? { state: 'RUNNING', progress: number * 10 } : { state: 'FINISHED', figures: { rps: 7 } });
    const job = await one.start(startBody({ expected_seconds: 30 }));
    await one.advance(3600);
    expect(one.job(job.job_id).state).toMatchObject({
      status: 'complete',
      reason: null,
      owed: [],
      checks: 4,
      upstream_state: 'FINISHED',
    });
    expect(one.job(job.job_id).seen.result).toEqual({ rps: 7 });
    expect(one.told()).toEqual(['job.settled']);
    expect(one.schedules.size).toBe(0);
    expect(one.statusCalls()).toHaveLength(4);
    expect(one.crashes).toEqual([]);
  });
});
