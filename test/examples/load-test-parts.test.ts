import { describe, expect, it } from 'vitest';
import { createTally } from '../../examples/load-test/figures.ts';
import { rampSteps } from '../../examples/load-test/fire.ts';
import { whyNotATarget } from '../../examples/load-test/loopback.ts';
import { createTargetWatch } from '../../examples/load-test/target-watch.ts';
import { whyFailed } from '../../examples/load-test/why-failed.ts';

describe('the targets of a load test', () => {
  it.each([
    'http://localhost:4711/a?b',
    'http://127.0.0.1:4711',
    'http://127.8.9.1',
    'http://[::1]:80/',
    'http://0x7f.1/',
  ])('accepts %s', (url) => {
    expect(whyNotATarget(url)).toBeNull();
  });

  it.each([
    ['https://127.0.0.1/', 'scheme https'],
    ['http://example.com/', 'only this machine'],
    ['http://localhost.example.com/', 'only this machine'],
    ['http://127.0.0.1.example.com/', 'only this machine'],
    ['http://127.0.0.1@example.com/', 'credentials'],
    ['http://0.0.0.0/', 'only this machine'],
    ['http://[::ffff:192.0.2.1]/', 'only this machine'],
    ['127.0.0.1:80', 'not a URL'],
  ])('rejects %s', (url, reason) => {
    expect(whyNotATarget(url)).toContain(reason);
  });
});

describe('the watch over a target', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  it('counts a target as dead after a second of nothing but errors, and counts only the last kind', () => {
    const watch = createTargetWatch(2);
    expect(watch.failed(reset, 0)).toBeNull();
    expect(watch.failed(refused, 500)).toBeNull();
    expect(watch.failed(refused, 999)).toBeNull();
    expect(watch.failed(refused, 1000)).toBe('refused 3 connections in a row: connect ECONNREFUSED 127.0.0.1:1');
  });

  it('starts anew with every answer', () => {
    const watch = createTargetWatch(1);
    for (const nowMs of [0, 1, 2]) watch.failed(refused, nowMs);
    watch.answered();
    for (const nowMs of [1500, 1600, 1700]) expect(watch.failed(refused, nowMs)).toBeNull();
  });

  it('wants an error for each connection before it calls a target dead', () => {
    const watch = createTargetWatch(50);
    for (let error = 0; error < 49; error += 1) expect(watch.failed(reset, error * 100)).toBeNull();
    expect(watch.failed(reset, 5000)).toBe('reset 50 connections in a row: read ECONNRESET');
  });

  it('puts timeouts and a name with two addresses in words', () => {
    const timedOut = createTargetWatch(1);
    const last = [0, 10_000, 20_000].map((nowMs) => timedOut.failed(new Error('request timed out'), nowMs)).at(-1);
    expect(last).toBe('left 3 requests in a row unanswered: request timed out');

    const both = Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:1'), refused]), {
      code: 'ECONNREFUSED',
    });
    const watch = createTargetWatch(1);
    expect([0, 1, 1000].map((nowMs) => watch.failed(both, nowMs)).at(-1)).toBe(
      'refused 3 connections in a row: connect ECONNREFUSED ::1:1 and connect ECONNREFUSED 127.0.0.1:1',
    );
  });
});

describe('the ramp', () => {
  it.each([
    [{ connections: 10, seconds: 0 }, [[10, 0]]],
    [
      { connections: 3, seconds: 6 },
      [
        [1, 0],
        [1, 2],
        [1, 4],
      ],
    ],
  ])('splits %j into steps', ({ connections, seconds }, steps) => {
    expect(rampSteps(connections, seconds).map((step) => [step.connections, step.afterSeconds])).toEqual(steps);
  });

  it('opens every connection in at most ten steps', () => {
    const steps = rampSteps(47, 30);
    expect(steps).toHaveLength(10);
    expect(steps.reduce((sum, step) => sum + step.connections, 0)).toBe(47);
  });
});

describe('the verdict on the final figures', () => {
  it('names every limit that was broken', () => {
    const tally = createTally();
    tally.answered(200, 10, 20);
    tally.answered(500, 10, 20);
    tally.failed(false);
    tally.failed(true);

    const figures = tally.read(2);

    expect(figures).toMatchObject({
      requests: 2,
      requests_per_second: 1,
      errors: 2,
      timeouts: 1,
      non_2xx: 1,
      bytes: 20,
    });
    expect(whyFailed({ error_percent_above: 50, requests_per_second_below: 5 }, figures)).toBe(
      'failed requests were 75.0%, above the limit of 50%; throughput was 1.0 requests/s, below the limit of 5 requests/s',
    );
    expect(whyFailed({ error_percent_above: 75 }, figures)).toBeNull();
    expect(whyFailed(undefined, figures)).toBeNull();
  });

  it('fails a run without an answer, limits or not', () => {
    expect(whyFailed(undefined, createTally().read(1))).toBe('the target gave no answer at all (0 errors)');
  });
});
