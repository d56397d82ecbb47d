import { describe, expect, it } from 'vitest';
import { cutText } from '../../lib/core/cut-text.ts';
import { cutTree, progressAt, textAt } from '../../lib/core/looked-at.ts';
import { planted } from './a-job.ts';

describe('cutText', () => {
  it.each([
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['a😀b', 4, 'a😀b'],
    ['a😀bc', 3, 'a…'],
    ['', 3, ''],
  ])('%j to %i characters is %j', (text, length, cut) => {
    expect(cutText(text, length)).toBe(cut);
  });
});

describe('cutTree', () => {
  it('keeps 8 KB of JSON as they are and cuts beyond', () => {
    const fits = planted(['x'.repeat(8192 - 4)]);
    expect(cutTree(fits)).toBe(fits);
    const large = planted(['x'.repeat(8192 - 3)]);
    const text = JSON.stringify(large).slice(0, 8192);
    expect(JSON.stringify(cutTree(large)) === JSON.stringify({ _truncated: true, text })).toBe(true);
  });
});

describe('textAt', () => {
  it.each<[unknown, string | null]>([
    ['  verbatim\n', '  verbatim\n'],
    [7, '7'],
    [false, 'false'],
    [{ a: [1] }, '{"a":[1]}'],
    ['', null],
    [null, null],
    [undefined, null],
  ])('%j reads as %j', (value, text) => {
    expect(textAt(planted(value === undefined ? {} : { value }), 'value')).toBe(text);
  });

  it('is null without a path', () => expect(textAt('x', undefined)).toBeNull());
});

describe('progressAt', () => {
  it.each<[unknown, number | null]>([
    [0, 0],
    [60, 60],
    [33.333, 33.3],
    ['45%', 45],
    ['0.5', 0.5],
    [100, 99],
    [1000, 99],
    [-3, 0],
    ['soon', null],
    [true, null],
    [[50], null],
    [null, null],
  ])('%j is %s per cent: it never ends a job', (value, progress) => {
    expect(progressAt(planted({ value }), 'value')).toBe(progress);
  });

  it('is null without a path', () => expect(progressAt(50, undefined)).toBeNull());
});

describe('progress of another scale', () => {
  it.each<['percent' | 'fraction' | 'unknown', number, number | null, number]>([
    ['percent', 0.5, 50, 0.5],
    ['fraction', 0.5, null, 50],
    ['fraction', 1, null, 99],
    // More than 1 can only be a percentage.
    ['unknown', 1.13, null, 1.1],
    ['unknown', 47, 2, 47],
    ['unknown', 100, 50, 99],
    // Up to 1, the nearer to the clock.
    ['unknown', 0.5, 48, 50],
    ['unknown', 0.5, 0.6, 0.5],
    ['unknown', 1, 1.2, 1],
    ['unknown', 1, 100, 99],
    ['unknown', 0.005, 0.5, 0.5],
    ['unknown', 0, 50, 0],
    // Nobody knows when it began.
    ['unknown', 0.9, null, 90],
  ])('%s: %d, when it should be at %s, is %d per cent', (scale, value, about, progress) => {
    expect(progressAt(planted({ value }), 'value', scale, about)).toBe(progress);
  });
});
