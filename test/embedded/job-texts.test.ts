import { describe, expect, it } from 'vitest';
import type { Job } from '../../lib/core/job.ts';
import { hotOf, jobOf, recordOf, seenOf } from '../../lib/embedded/job-texts.ts';
import { aJob } from '../contracts/records.ts';

const fresh = aJob();
const touched: Job = {
  ...fresh,
  spec: { ...fresh.spec, name: 'nightly', labels: { team: 'perf' } },
  state: { ...fresh.state, phase: 'blocked', warnings: ['slow'], told: [], progress_pct: 0, events: 2 },
  seen: { message: 'Waits.', observed: { id: 1 }, result: null },
};

describe('the texts of a job', () => {
  it.each([
    ['fresh', fresh],
    ['touched', touched],
  ])('are read as the same job: %s', (_name, job) => {
    const texts = { record: recordOf(job), hot: hotOf(job), seen: seenOf(job) };
    expect(jobOf(texts, job.spec.kind)).toEqual(job);
  });

  it('leave the kind out, and of the state all that is as in a job to which nothing happened', () => {
    const { state: _state, handle: _handle, seen: _seen, ...record } = touched;
    expect(recordOf(touched)).toBe(JSON.stringify({ ...record, spec: { ...record.spec, kind: undefined } }));
    expect(Object.keys(JSON.parse(hotOf(touched)).state)).toEqual([
      'phase',
      'next_check_at_ms',
      'progress_pct',
      'warnings',
      'events',
    ]);
  });

  it('say nothing of what was never seen, whoever made the record', () => {
    expect(seenOf({ ...fresh, seen: { ...fresh.seen } })).toBe(seenOf(fresh));
  });
});
