import { describe, expect, it } from 'vitest';
import type { Events } from '../../lib/ports.ts';
import { aJob, anEvent } from './records.ts';

export type OpenEvents = () => Promise<{ events: Events; close: () => Promise<void> }>;

/** Of an end an engine may serve what the record says; of these it has nothing but what was appended. */
const event = (number: number, owner = 'me') => anEvent(aJob({ owner }), number, 'blocked');
const numbered = (page: { events: { event_id: string }[] }): number[] =>
  page.events.map(({ event_id }) => Number(event_id.split('_')[3]));
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at);

/** What readers of the inbox rely on, of any engine's Events. */
export function eventsContract(name: string, open: OpenEvents): void {
  const given = (what: string, run: (events: Events) => Promise<void>): void =>
    it(what, async () => {
      const { events, close } = await open();
      try {
        await run(events);
      } finally {
        await close();
      }
    });
  const page = (events: Events, cursor: string | null, limit = 100, owner = 'me') =>
    events.list({ owner, cursor, limit });

  describe(`${name} as an inbox`, () => {
    given('serves events whole and in append order', async (events) => {
      for (const number of [2, 0, 1]) await events.append('me', event(number));
      const got = await page(events, null);
      expect(got.events).toEqual([event(2), event(0), event(1)]);
      expect(got.has_more).toBe(false);
    });
    given('keeps the first of an event that is appended again, with its place and its words', async (events) => {
      await events.append('me', event(0));
      await events.append('me', event(1));
      await events.append('me', { ...event(0), timestamp: '2030-01-01T00:00:00.000Z' });
      await Promise.all(range(0, 20).map(() => events.append('me', event(2))));
      expect((await page(events, null)).events).toEqual([event(0), event(1), event(2)]);
    });
    given('goes on after the cursor, page by page, and says whether there is more', async (events) => {
      for (const number of range(0, 5)) await events.append('me', event(number));
      const first = await page(events, null, 2);
      const second = await page(events, first.next_cursor, 2);
      const third = await page(events, second.next_cursor, 2);
      expect([first, second, third].map((one) => [numbered(one), one.has_more])).toEqual([
        [[0, 1], true],
        [[2, 3], true],
        [[4], false],
      ]);
    });
    given('says of a page that is just full that there is no more', async (events) => {
      for (const number of range(0, 2)) await events.append('me', event(number));
      expect((await page(events, null, 2)).has_more).toBe(false);
    });
    given('gives an empty page a cursor that finds what comes later', async (events) => {
      const empty = await page(events, null);
      expect(empty).toMatchObject({ events: [], has_more: false });
      await events.append('me', event(0));
      const one = await page(events, empty.next_cursor);
      expect(numbered(one)).toEqual([0]);
      const end = await page(events, one.next_cursor);
      expect(end.events).toEqual([]);
      await events.append('me', event(1));
      expect(numbered(await page(events, end.next_cursor))).toEqual([1]);
    });
    given('skips nothing for a reader that follows two hundred racing appends', async (events) => {
      const read: number[] = [];
      let cursor: string | null = null;
      const follow = async (): Promise<void> => {
        const got = await page(events, cursor, 7);
        read.push(...numbered(got));
        cursor = got.next_cursor;
      };
      let writing = true;
      const written = Promise.all(
        range(0, 200).map(async (number) => {
          // Spread over several turns, so that pages are read in between.
          for (let turn = number % 5; turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
          await events.append('me', event(number));
        }),
      ).finally(() => {
        writing = false;
      });
      while (writing) {
        await follow();
        await new Promise((resolve) => setImmediate(resolve));
      }
      await written;
      for (let before = -1; before !== read.length; ) {
        before = read.length;
        await follow();
      }
      expect([...read].sort((left, right) => left - right)).toEqual(range(0, 200));
      expect(read).toEqual(numbered(await page(events, null, 1000)));
    });
    given("never serves another owner's, whatever the cursor", async (events) => {
      for (const number of range(0, 6)) await events.append(number % 2 === 0 ? 'me' : 'you', event(number));
      expect(numbered(await page(events, null, 10, 'me'))).toEqual([0, 2, 4]);
      const { next_cursor } = await page(events, null, 1, 'you');
      expect(numbered(await page(events, next_cursor, 10, 'me'))).toEqual([2, 4]);
      expect((await page(events, null, 10, 'nobody')).events).toEqual([]);
    });
    given('rejects a cursor that it never made', async (events) => {
      await events.append('me', event(0));
      for (const cursor of ['', 'nonsense', '-1', '1.5', '1e3', ' 1', '9'.repeat(40)])
        await expect(page(events, cursor)).rejects.toMatchObject({
          code: 'INVALID_REQUEST',
          problems: [{ path: 'cursor' }],
        });
    });
  });
}
