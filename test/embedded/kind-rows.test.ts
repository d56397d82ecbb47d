import { expect, it } from 'vitest';
import { createJobRows } from '../../lib/embedded/job-rows.ts';
import { aJob } from '../contracts/records.ts';
import { temporaryDatabase } from '../support/temporary-database.ts';

function opened() {
  const { sql } = temporaryDatabase();
  const count = () => sql.prepare('SELECT count(*) AS kinds FROM kinds').get()?.['kinds'];
  return { sql, rows: createJobRows(sql), count };
}
const { kind } = aJob().spec;
const jobOf = (number: number, its = kind) => {
  const job = aJob({ number });
  return { ...job, spec: { ...job.spec, kind: its } };
};

it('keeps a kind once for all jobs that share it, and one for each that brings its own', () => {
  const { rows, count } = opened();
  for (const number of [1, 2, 3]) rows.insert(jobOf(number));
  expect(count()).toBe(1);
  const own = { ...kind, pace: { interval_seconds: 7 } };
  rows.insert(jobOf(4, own));
  expect(count()).toBe(2);
  expect([2, 4].map((number) => rows.select(aJob({ number }).job_id)?.spec.kind)).toEqual([kind, own]);
});

it('reads jobs that share a kind with one object for it, whose number is known from then on', () => {
  const { sql, rows, count } = opened();
  for (const number of [1, 2]) rows.insert(jobOf(number));
  const after = createJobRows(sql);
  const [first, second] = [...after.active(0)].flat();
  expect(first?.spec.kind).toEqual(kind);
  expect(second?.spec.kind).toBe(first?.spec.kind);
  after.insert(jobOf(3, first?.spec.kind));
  expect(count()).toBe(1);
  after.insert(jobOf(4, { ...kind }));
  expect(count()).toBe(2);
});

it('writes a kind again that was forgotten with the last of its jobs', () => {
  const { sql, rows, count } = opened();
  rows.insert(jobOf(1));
  sql.exec('DELETE FROM jobs; DELETE FROM kinds');
  rows.insert(jobOf(2));
  expect([count(), [...rows.active(0)].flat().map(({ spec }) => spec.kind)]).toEqual([1, [kind]]);
});
