import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../lib/core/canonical-json.ts';
import { cancelledReasons, eventIdOf, failedReasons, jobIdPattern, reasons, withWarning } from '../../lib/core/job.ts';
import { aJob, epoch_ms } from './a-job.ts';

describe('a fresh record', () => {
  it('runs, has its deadline and owes nothing', () => {
    const job = aJob({ spec: { timeout_seconds: 90 } });
    expect(job).toMatchObject({
      schema_version: 1,
      generation_ms: epoch_ms,
      deadline_at_ms: epoch_ms + 90_000,
      state: { status: 'running', checks: 0, owed: [], told: [], events: 0, warnings: [] },
      seen: { message: null, observed: null, result: null },
    });
  });
});

describe('withWarning', () => {
  it('adds a warning once, cut at 280 characters', () => {
    const once = withWarning([], 'x'.repeat(300));
    expect(once).toEqual(['x'.repeat(280)]);
    expect(withWarning(once, 'x'.repeat(300))).toBe(once);
  });
  it('keeps ten', () => {
    const full = Array.from({ length: 10 }, (_, n) => `${n}`);
    expect(withWarning(full, 'one more')).toBe(full);
  });
});

it('gives every event of every generation its own id', () => {
  const job = aJob();
  const ids = [
    eventIdOf(job, 0, 'settled'),
    eventIdOf(job, 1, 'settled'),
    eventIdOf(job, 0, 'failing'),
    eventIdOf({ ...job, generation_ms: 1 }, 0, 'settled'),
  ];
  expect(new Set(ids).size).toBe(4);
  for (const id of ids) expect(id).toMatch(/^evt_[0-9a-z]{26}_[0-9a-z]+_\d+_[a-z]+$/);
});

it.each([
  ['job_00000000000000000000000001', true],
  ['job_0000000000000000000000001', false],
  ['job_0000000000000000000000000A', false],
  ['job_00000000000000000000000001\n', false],
  ['xjob_00000000000000000000000001', false],
])('takes %j for a job id: %s', (id, valid) => {
  expect(jobIdPattern.test(id)).toBe(valid);
});

it('has no reason for two ends', () => {
  expect(new Set(reasons).size).toBe(failedReasons.length + cancelledReasons.length);
});

describe('canonicalJson', () => {
  it.each<[unknown, string]>([
    [{ b: 1, a: [{ d: null, c: 'x' }] }, '{"a":[{"c":"x","d":null}],"b":1}'],
    [{ a: undefined, b: 1 }, '{"b":1}'],
    [[undefined], '[null]'],
    ['é"', '"é\\""'],
    [undefined, 'null'],
    [JSON.parse('{"__proto__":1,"B":2,"a":3}'), '{"B":2,"__proto__":1,"a":3}'],
  ])('%j is %s', (value, text) => {
    expect(canonicalJson(value)).toBe(text);
  });
});
