import { describe, expect, it } from 'vitest';
import { oncePer, oncePerValue } from '../../lib/core/once-per.ts';

describe('what is worked out once', () => {
  it('is worked out once for each object, however alike they are', () => {
    const asked: object[] = [];
    const names = oncePer((key: { name: string }) => {
      asked.push(key);
      return [key.name];
    });
    const one = { name: 'a' };
    const alike = { name: 'a' };
    expect(names(one)).toBe(names(one));
    expect(names(alike)).toEqual(['a']);
    expect(asked).toEqual([one, alike]);
    expect(asked[1]).toBe(alike);
  });

  it('is worked out once for each text, also where it is nothing', () => {
    const asked: string[] = [];
    const length = oncePerValue(2, (text: string) => {
      asked.push(text);
      return text === '' ? undefined : text.length;
    });
    expect(['', 'ab', '', 'ab'].map(length)).toEqual([undefined, 2, undefined, 2]);
    expect(asked).toEqual(['', 'ab']);
  });

  it('forgets the text that came first when there are too many', () => {
    const asked: string[] = [];
    const same = oncePerValue(2, (text: string) => {
      asked.push(text);
      return text;
    });
    expect(['a', 'b', 'c', 'c', 'b', 'a'].map(same)).toEqual(['a', 'b', 'c', 'c', 'b', 'a']);
    expect(asked).toEqual(['a', 'b', 'c', 'a']);
  });
});
