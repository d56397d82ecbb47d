import { describe, expect, it } from 'vitest';
import { eachOf, haveMoved, progressOfAll, seenAs, seenOfAll, verdictOfAll, wordOfAll } from '../../lib/core/each.ts';
import type { EachSeen, Status } from '../../lib/core/job.ts';
import type { Verdict } from '../../lib/core/verdict.ts';
import { aJob, planted } from './a-job.ts';

const one = (id: string, status: Status, rest: Partial<EachSeen> = {}): EachSeen => ({
  id,
  status,
  upstream_state: null,
  message: null,
  value: null,
  ...rest,
});
const all = (...statuses: Status[]): EachSeen[] => statuses.map((status, position) => one(`r${position}`, status));
const going = (rest: Partial<Extract<Verdict, { type: 'going' }>> = {}): Verdict => ({
  type: 'going',
  phase: 'polling',
  matched: true,
  resolved: true,
  ...rest,
});
const blind: Verdict = { type: 'failed_check', fault: 'timeout', message: 'no answer', retry_after_seconds: null };

describe('several ids together', () => {
  it.each<[string, EachSeen[], Verdict[], Partial<Verdict> & { phase?: string }]>([
    ['all done', all('complete', 'complete'), [], { type: 'success' }],
    ['one failed, all over', all('complete', 'failed'), [], { type: 'failure' }],
    ['one cancelled, all over', all('complete', 'cancelled'), [], { type: 'cancelled' }],
    ['one failed and one cancelled', all('cancelled', 'failed'), [], { type: 'failure' }],
    ['one is still going', all('complete', 'running'), [going()], { type: 'going', phase: 'polling' }],
    ['one failed, one is still going', all('failed', 'running'), [going()], { type: 'going', phase: 'failing' }],
    ['one waits for a person', all('running', 'running'), [going(), going({ phase: 'blocked' })], { phase: 'blocked' }],
    ['one failed, one waits', all('failed', 'running'), [going({ phase: 'blocked' })], { phase: 'failing' }],
    ['one was not seen', all('complete', 'running'), [{ type: 'success' }, blind], { type: 'failed_check' }],
    ['one had no time', all('running', 'running'), [going()], { type: 'going' }],
    [
      'a word that no acceptor knows',
      all('running', 'running'),
      [going(), going({ matched: false })],
      { type: 'going', matched: false } as never,
    ],
    [
      'the longest Retry-After',
      all('running', 'running'),
      [going({ retry_after_seconds: 3 }), going({ retry_after_seconds: 9 })],
      { retry_after_seconds: 9 } as never,
    ],
  ])('%s', (_name, seen, verdicts, verdict) => {
    expect(verdictOfAll(seen, verdicts)).toMatchObject(verdict);
  });

  it('have one word when they agree, and each once when they do not', () => {
    const words = (...states: (string | null)[]) =>
      wordOfAll(states.map((upstream_state, position) => one(`r${position}`, 'running', { upstream_state })));
    expect(words('RUNNING', 'RUNNING')).toBe('RUNNING');
    expect(words('FINISHED', 'RUNNING', 'FINISHED')).toBe('FINISHED, RUNNING');
    expect(words(null, null)).toBeNull();
    expect(words(...Array.from({ length: 50 }, (_, number) => `${'x'.repeat(70)}${number}`))?.length).toBe(160);
  });

  it.each<[string, EachSeen[], [string, number][], number | null]>([
    [
      'the mean',
      all('running', 'running'),
      [
        ['r0', 10],
        ['r1', 20],
      ],
      15,
    ],
    ['100 for what is over', all('complete', 'running'), [['r1', 20]], 60],
    ['never more than 99 before the end', all('complete', 'complete'), [], 99],
    ['nothing while one is unknown', all('running', 'running'), [['r0', 10]], null],
  ])('have as progress %s', (_name, seen, known, progress) => {
    expect(progressOfAll(seen, new Map(known))).toBe(progress);
  });

  it('show the words of those that failed, verbatim and once, and results in the order of the handle', () => {
    const seen = [
      one('a', 'complete', { message: 'fine', value: planted({ rps: 1 }) }),
      one('b', 'failed', { message: 'no engine\n' }),
      one('c', 'failed', { message: 'no engine\n' }),
    ];
    expect(seenOfAll({ result: 'rps' }, seen)).toEqual({
      message: 'no engine\n',
      observed: null,
      result: [1, null, null],
      each: seen,
    });
    expect(seenOfAll({}, seen.slice(0, 1))).toMatchObject({ message: 'fine', result: null });
  });

  it('are running until they were seen, and stay what they were', () => {
    const over = one('b', 'complete', { upstream_state: 'FINISHED' });
    const { seen } = aJob();
    expect(eachOf('ids', { ids: ['a', 'b', 'a'] }, { ...seen, each: [over] })).toEqual([one('a', 'running'), over]);
    expect(eachOf('ids', { ids: 'a' }, seen)).toEqual([]);
  });

  it('have moved when one has another state, not when it says more', () => {
    const before = all('running', 'running');
    expect(haveMoved(undefined, before)).toBe(true);
    expect(haveMoved(before, all('running', 'running'))).toBe(false);
    expect(haveMoved(before, [one('r0', 'running', { message: 'more' }), one('r1', 'running')])).toBe(false);
    expect(haveMoved(before, [one('r0', 'running', { upstream_state: 'PENDING' }), one('r1', 'running')])).toBe(true);
    expect(haveMoved(before, all('running', 'complete'))).toBe(true);
  });
});

describe('one of several ids', () => {
  const { kind } = aJob().spec;
  const body = planted({ state: 'FINISHED', message: 'ok', filler: 'x'.repeat(1000) });

  it('keeps its answer as long as all together keep 8 KB', () => {
    expect(seenAs(kind, 'a', { type: 'success' }, body, 7)).toEqual({
      id: 'a',
      status: 'complete',
      upstream_state: 'FINISHED',
      message: 'ok',
      value: body,
    });
    expect(seenAs(kind, 'a', { type: 'success' }, body, 8)).toMatchObject({ upstream_state: 'FINISHED', value: null });
  });
});
