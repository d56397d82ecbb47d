import { describe, expect, it } from 'vitest';
import type { JobSpec } from '../../lib/core/job.ts';
import { createRecordReader, type JobRecord } from '../../lib/embedded/record-reader.ts';
import { aJob } from '../contracts/records.ts';

function recordOf(number: number, kind: Partial<JobSpec['kind']> = {}): JobRecord {
  const { state: _state, handle: _handle, seen: _seen, ...record } = aJob({ number });
  return { ...record, spec: { ...record.spec, kind: { ...record.spec.kind, ...kind } } };
}
const call = (body: unknown) => ({ start: { url: '/runs', body } }) as Partial<JobSpec['kind']>;

describe('the reader of records', () => {
  it.each([
    ['plain', recordOf(1)],
    ['with a key in its kind that looks like the one after it', recordOf(1, call({ a: 1, connection: { b: '}' } }))],
    ['with such a text in its kind', recordOf(1, call(',"connection":"spec":{"kind":{'))],
  ])('gives back what was written: %s', (_, record) => {
    const read = createRecordReader();
    expect([read(JSON.stringify(record)), read(JSON.stringify(record))]).toEqual([record, record]);
  });
  it('lets jobs share a kind that says the same, and only that', () => {
    const read = createRecordReader();
    const [first, second, other] = [recordOf(1), recordOf(2), recordOf(3, { pace: { interval_seconds: 7 } })].map(
      (record) => read(JSON.stringify(record)),
    );
    expect(second?.spec.kind).toBe(first?.spec.kind);
    expect(other?.spec.kind).not.toBe(first?.spec.kind);
    expect([first?.job_id, second?.job_id, other?.spec.kind.pace]).toEqual([
      recordOf(1).job_id,
      recordOf(2).job_id,
      { interval_seconds: 7 },
    ]);
  });
  it('reads a record whose keys stand in another order', () => {
    const { spec, ...rest } = recordOf(1);
    const { kind, ...others } = spec;
    const text = JSON.stringify({ spec: { ...others, kind }, ...rest });
    expect(createRecordReader()(text)).toEqual(recordOf(1));
  });
  it.each([3, 40, 400])('rejects a record that is cut off after %d characters', (length) => {
    expect(() => createRecordReader()(JSON.stringify(recordOf(1)).slice(0, length))).toThrow(SyntaxError);
  });
});
