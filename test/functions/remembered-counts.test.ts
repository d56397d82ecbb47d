import { beforeEach, describe, expect, it } from 'vitest';
import { rememberCounts } from '../../lib/aws/remembered-counts.ts';

let now_ms: number;
let running: number;
let counts: string[];
let count: ReturnType<typeof rememberCounts>;
beforeEach(() => {
  now_ms = 0;
  running = 0;
  counts = [];
  const countActive = (owner: string, enough: number): Promise<number> => {
    counts.push(owner);
    return Promise.resolve(Math.min(running, enough));
  };
  count = rememberCounts(countActive, { now: () => now_ms });
});
/** As a hand-over does: a job more, if there is room. */
async function handOver(enough: number): Promise<boolean> {
  const taken = (await count('me', enough)) < enough;
  if (taken) running += 1;
  return taken;
}

describe('the count of an owner’s running jobs', () => {
  it('is read once in five seconds, however many are handed over', async () => {
    for (let number = 0; number < 40; number += 1) await handOver(1000);
    expect(counts).toEqual(['me']);
    now_ms = 4999;
    await handOver(1000);
    expect(counts).toHaveLength(1);
    now_ms = 5000;
    expect(await count('me', 1000)).toBe(41);
    expect(counts).toHaveLength(2);
  });
  it('lets one function alone never come above the limit', async () => {
    running = 3;
    const taken: boolean[] = [];
    for (let number = 0; number < 6; number += 1) taken.push(await handOver(7));
    expect(taken).toEqual([true, true, true, true, false, false]);
    expect(running).toBe(7);
  });
  it('sees that jobs have ended when it comes to the limit, before it refuses', async () => {
    running = 3;
    for (let number = 0; number < 2; number += 1) await handOver(5);
    running = 1;
    expect(await handOver(5)).toBe(true);
    expect(counts).toHaveLength(2);
  });
  it('believes for five seconds that there are enough', async () => {
    running = 5;
    expect(await handOver(5)).toBe(false);
    running = 0;
    now_ms = 4999;
    expect(await handOver(5)).toBe(false);
    now_ms = 5000;
    expect(await handOver(5)).toBe(true);
    expect(counts).toHaveLength(2);
  });
  it('is kept for each owner apart, of 256 at most', async () => {
    await count('me', 9);
    for (let number = 0; number < 256; number += 1) await count(`owner ${number}`, 9);
    await count('owner 255', 9);
    expect(counts).toHaveLength(257);
    await count('me', 9);
    expect(counts).toHaveLength(258);
  });
});
