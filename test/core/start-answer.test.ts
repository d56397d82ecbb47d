import { describe, expect, it } from 'vitest';
import { readStartAnswer } from '../../lib/core/start-answer.ts';
import { aFault, aJob, anAnswer } from './a-job.ts';

const kindOf = (rest: object) => ({ ...aJob().spec.kind, ...rest });
const runs = kindOf({ handle: { ids: 'ids', 'report?': 'report', 'plan?': 'plan' }, each: 'ids' });
const refused = { ok: false, message: expect.stringContaining('without a usable id "ids" at "ids"') };

describe('a start answer with several ids', () => {
  it.each<[string, unknown, unknown]>([
    ['one', { ids: ['a'] }, { ok: true, handle: { ids: ['a'] }, warning: null }],
    [
      'two and what may be missing',
      { ids: ['a', 7], report: 'r' },
      { ok: true, handle: { ids: ['a', 7], report: 'r' } },
    ],
    ['one twice', { ids: ['a', 'b', 'a'] }, { ok: true, handle: { ids: ['a', 'b'] } }],
    ['none', { ids: [] }, refused],
    ['null', { ids: null }, refused],
    ['nothing', {}, refused],
    ['a text instead', { ids: 'a' }, refused],
    ['nulls', { ids: [null] }, refused],
    ['an empty one among them', { ids: ['a', ''] }, refused],
    ['something else', { ids: [{ id: 'a' }] }, refused],
    ['ids that are too long', { ids: ['x'.repeat(129)] }, refused],
    ['words instead', { message: 'no matching plan' }, { ok: false, message: 'no matching plan' }],
  ])('%s', (_name, body, answer) => {
    expect(readStartAnswer(runs, anAnswer(200, body))).toMatchObject(answer as object);
  });

  it('watches the first fifty of more, and says so', () => {
    const ids = Array.from({ length: 51 }, (_, number) => `r${number}`);
    expect(readStartAnswer(runs, anAnswer(200, { ids }))).toEqual({
      ok: true,
      handle: { ids: ids.slice(0, 50) },
      warning: 'the start answered with 51 ids as ids; the first 50 are watched, the others are not',
    });
  });

  it('keeps of the input what the answer does not repeat', () => {
    const kind = { ...runs, given: { plan: 'p', ids: ['never'] } };
    expect(readStartAnswer(kind, anAnswer(200, { ids: ['a'] }))).toMatchObject({ handle: { ids: ['a'], plan: 'p' } });
    expect(readStartAnswer(kind, anAnswer(200, { ids: ['a'], plan: 'q' }))).toMatchObject({ handle: { plan: 'q' } });
    expect(readStartAnswer(kind, anAnswer(200, {}))).toMatchObject({ ok: false });
  });
});

it('says what went wrong when there is no answer', () => {
  expect(readStartAnswer(runs, aFault('timeout'))).toEqual({
    ok: false,
    message: 'the start call failed: timeout happened',
  });
});
