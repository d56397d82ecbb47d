import { describe, expect, it } from 'vitest';
import { eventOf, maxAttempts, nextAttemptDelayMs, targetsFor } from '../../lib/core/announcement.ts';
import { readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import { type EventType, eventIdOf } from '../../lib/core/job.ts';
import { sharedNewsOf } from '../../lib/core/shared-news.ts';
import { aJob, epoch_ms } from './a-job.ts';
import { someTargets } from './some-settings.ts';

describe('targetsFor', () => {
  // ops hears of settled; dev of settled and failing.
  it.each<[string, string[], EventType[] | null, EventType, string[]]>([
    ['all by their own choice', ['ops', 'dev'], null, 'settled', ['ops', 'dev']],
    ['who chose it', ['ops', 'dev'], null, 'failing', ['dev']],
    ['nobody for what nobody chose', ['ops', 'dev'], null, 'overdue', []],
    ['all when the job chose it', ['ops', 'dev'], ['overdue'], 'overdue', ['ops', 'dev']],
    ['nobody when the job chose another', ['ops', 'dev'], ['overdue'], 'settled', []],
    ['only whom the job chose', ['dev'], null, 'settled', ['dev']],
    ['nobody when the job chose nobody', [], null, 'settled', []],
    ['who is still configured, once', ['gone', 'ops', 'ops'], null, 'settled', ['ops']],
  ])('tells %s', (_name, targets, on, type, told) => {
    expect(targetsFor(aJob({ spec: { announce: { targets, on } } }), type, someTargets)).toEqual(told);
  });
});

describe('sharedNewsOf', () => {
  const death = { id: 'secret-1', renew: 'store a valid one' };
  const died = aJob({ spec: { connection: 'octo' }, state: { status: 'failed', reason: 'auth_failed', death } });
  const targets = readConfiguration({
    announce: {
      webhooks: [{ url: 'https://a.example.com', secret: 'env:A' }],
      slack: [{ webhook_url: 'env:B' }],
      email: [{ smtp_url: 'env:C', from: 'a@example.com', to: ['b@example.com'] }],
    },
  });
  const all = targets.ok ? targetsOf(targets.configuration) : [];

  it('names the connection and its death, and who of the targets reads as people do', () => {
    expect(sharedNewsOf(died, 'settled', all)).toEqual({ key: 'octo secret-1', people: ['slack-1', 'email-1'] });
  });
  it('is nothing for an event on the way, nor for a job that ended by itself', () => {
    expect(sharedNewsOf(died, 'overdue', all)).toBeUndefined();
    const refused = aJob({ state: { status: 'failed', reason: 'auth_failed' } });
    expect(sharedNewsOf(refused, 'settled', all)).toBeUndefined();
  });
});

describe('nextAttemptDelayMs', () => {
  const minute = 60_000;
  it.each([
    [0, 0],
    [1, 5_000],
    [2, 30_000],
    [3, 2 * minute],
    [4, 10 * minute],
    [5, 30 * minute],
    [6, 60 * minute],
    [7, 120 * minute],
    [8, null],
    [9, null],
  ])('after %i failed attempts waits %s ms', (attempts, delay_ms) => {
    expect(nextAttemptDelayMs(attempts, null)).toBe(delay_ms);
  });

  it.each([
    [1, 2, 5_000],
    [1, 60, 60_000],
    [1, 100_000, 7_200_000],
    [7, 1, 7_200_000],
    [8, 60, null],
  ])('after %i, asked to wait %i s, waits %s ms', (attempts, retry_after_seconds, delay_ms) => {
    expect(nextAttemptDelayMs(attempts, retry_after_seconds)).toBe(delay_ms);
  });

  it('gives up after the last attempt of the table', () => {
    expect(nextAttemptDelayMs(maxAttempts - 1, null)).not.toBeNull();
    expect(nextAttemptDelayMs(maxAttempts, null)).toBeNull();
  });
});

it('renders an event with its id, its time and the descriptor', () => {
  const job = aJob();
  const owed = { event_id: eventIdOf(job, 2, 'failing'), type: 'failing' as const, at_ms: epoch_ms + 1500 };
  expect(eventOf(job, owed, { cli_command: 'untildone', base_url: 'http://x' })).toEqual({
    event_id: `evt_00000000000000000000000001_${epoch_ms.toString(36)}_2_failing`,
    type: 'job.failing',
    timestamp: '2026-11-21T09:00:01.500Z',
    data: expect.objectContaining({ job_id: job.job_id, announcements: [] }),
  });
});
