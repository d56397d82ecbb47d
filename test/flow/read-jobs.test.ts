import { describe, expect, it } from 'vitest';
import { listEvents } from '../../lib/flow/list-events.ts';
import { listJobs } from '../../lib/flow/list-jobs.ts';
import { adoptBody, answers, type World, world } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

const body = { expected_seconds: 100, timeout_seconds: 900 };
const pageOf = (one: World, rest: { cursor?: string | null; limit?: number; wait_ms?: number; owner?: string } = {}) =>
  listEvents(one.ports, one.settings, { owner: 'me', cursor: null, limit: 10, wait_ms: 0, ...rest });

describe('reading a job', () => {
  it('answers at once without a wait', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    const before = one.now();
    expect(await one.read(job.job_id)).toMatchObject({ job_id: job.job_id, status: 'running', terminal: false });
    expect(one.now()).toBe(before);
    expectZeroRow(one);
  });

  it.each([
    ['FINISHED', { status: 'complete', terminal: true }],
    ['NEEDS_APPROVAL', { status: 'running', phase: 'blocked' }],
    ['ROLLING_BACK', { status: 'running', phase: 'failing' }],
  ])('waits until it is %s', async (state, wanted) => {
    const one = world();
    const job = await one.start(adoptBody(body));
    const begun = one.now();
    one.remote.status = () => answers({ state: one.now() - begun < 9000 ? 'RUNNING' : state });
    expect(await one.read(job.job_id, { wait_ms: 25_000 })).toMatchObject(wanted);
    expect(one.now() - begun).toBeGreaterThanOrEqual(9000);
    expect(one.now() - begun).toBeLessThanOrEqual(9250);
    expectZeroRow(one);
  });

  it('waits no longer than asked, and looks neither seldom nor without a pause', async () => {
    const one = world();
    const job = await one.start(adoptBody(body));
    const begun = one.now();
    const from = one.witnessed.calls.length;
    expect(await one.read(job.job_id, { wait_ms: 2_100 })).toMatchObject({ status: 'running' });
    expect(one.now() - begun).toBe(2100);
    expect(one.witnessed.calls.slice(from).filter((name) => name === 'jobs.load')).toHaveLength(10);
    expectZeroRow(one);
  });

  it('an ended job is answered at once, with its announcements', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'FINISHED' });
    const job = await one.start(adoptBody(body));
    const begun = one.now();
    expect(await one.read(job.job_id, { wait_ms: 25_000 })).toMatchObject({
      status: 'complete',
      next_check_at: null,
      phase: null,
      announcements: [{ target: 'ops', state: 'pending', event_id: one.published[0]?.event.event_id }],
    });
    expect(one.now()).toBe(begun);
    expectAllOver(one);
  });

  it.each([
    ['of somebody else', undefined, 'other'],
    ['unknown', `job_${'z'.repeat(26)}`, 'me'],
    ['malformed', 'job_1', 'me'],
  ])('rejects an id that is %s, also with a wait', async (_name, job_id, owner) => {
    const one = world();
    const job = await one.start(adoptBody(body));
    const begun = one.now();
    await expect(one.read(job_id ?? job.job_id, { owner, wait_ms: 25_000 })).rejects.toMatchObject({
      code: 'JOB_NOT_FOUND',
    });
    expect(one.now()).toBe(begun);
  });
});

describe('listing jobs', () => {
  async function withSeven(): Promise<{ one: World; ids: string[] }> {
    const one = world();
    const ids: string[] = [];
    for (let number = 0; number < 7; number++) {
      one.remote.status = () => answers({ state: number % 2 === 0 ? 'RUNNING' : 'FINISHED' });
      ids.unshift((await one.start(adoptBody(body))).job_id);
      await one.advance(1);
    }
    await one.start(adoptBody(body), { owner: 'other' });
    return { one, ids };
  }

  it('pages through the owner’s own, newest first, none twice and none left out, whatever comes meanwhile', async () => {
    const { one, ids } = await withSeven();
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await listJobs(one.ports, one.settings, {
        owner: 'me',
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      });
      expect(page.items.length).toBeLessThanOrEqual(3);
      expect(page.has_more).toBe(page.next_cursor !== null);
      seen.push(...page.items.map((item) => item.job_id));
      cursor = page.next_cursor;
      await one.start(adoptBody(body));
    } while (cursor !== null);
    expect(seen).toEqual(ids);
  });

  it('filters by status and kind', async () => {
    const { one } = await withSeven();
    const complete = await listJobs(one.ports, one.settings, { owner: 'me', limit: 50, status: 'complete' });
    expect(complete.items.map((item) => item.status)).toEqual(['complete', 'complete', 'complete']);
    const none = await listJobs(one.ports, one.settings, { owner: 'me', limit: 50, kind: 'http-lro' });
    expect(none).toEqual({ items: [], next_cursor: null, has_more: false });
  });
});

describe('reading events', () => {
  it('a cursor never skips and never repeats, also from an empty page', async () => {
    const one = world();
    const empty = await pageOf(one);
    expect(empty).toMatchObject({ events: [], has_more: false });
    one.remote.status = () => answers({ state: 'FINISHED' });
    const ids: string[] = [];
    const seen: string[] = [];
    let cursor = empty.next_cursor;
    for (let round = 0; round < 5; round++) {
      for (let number = 0; number < 3; number++) {
        await one.start(adoptBody(body), { owner: 'other' });
        ids.push((await one.start(adoptBody(body))).job_id);
      }
      const page = await pageOf(one, { cursor, limit: 2 });
      expect(page.has_more).toBe(true);
      seen.push(...page.events.map((event) => event.data.job_id));
      cursor = page.next_cursor;
    }
    const rest = await pageOf(one, { cursor, limit: 100 });
    seen.push(...rest.events.map((event) => event.data.job_id));
    expect(seen).toEqual(ids);
    expect(rest.has_more).toBe(false);
    expect(await pageOf(one, { cursor: rest.next_cursor })).toEqual({
      events: [],
      next_cursor: rest.next_cursor,
      has_more: false,
    });
    expectAllOver(one);
  });

  it('waits for the next event, and no longer', async () => {
    const one = world();
    await one.start(adoptBody(body));
    const begun = one.now();
    one.remote.status = () => answers({ state: one.now() - begun < 9000 ? 'RUNNING' : 'FINISHED' });
    const page = await pageOf(one, { wait_ms: 25_000 });
    expect(page.events.map((event) => event.type)).toEqual(['job.settled']);
    expect(one.now() - begun).toBeLessThanOrEqual(9250);
    expect((await pageOf(one, { cursor: page.next_cursor, wait_ms: 5000 })).events).toEqual([]);
    expectAllOver(one);
  });

  it('an event carries the job as it was then, and is in the inbox before it is announced', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'NEEDS_APPROVAL' });
    await one.start(adoptBody(body));
    one.remote.status = () => answers({ state: 'FINISHED', figures: 7 });
    await one.advance(10);
    const { events } = await pageOf(one);
    expect(events.map((event) => [event.type, event.data.status, event.data.phase, event.data.result])).toEqual([
      ['job.blocked', 'running', 'blocked', null],
      ['job.settled', 'complete', null, 7],
    ]);
    const order = one.witnessed.calls.filter((name) => /append|publish|paid/.test(name));
    expect(order).toEqual([...order.slice(0, 3), ...order.slice(0, 3)]);
    expect(order.slice(0, 3)).toEqual(['events.append', 'announcements.publish', 'jobs.paid']);
    expectAllOver(one);
  });
});

describe('whom an event is for', () => {
  it('a job may choose its targets and its types; the inbox has all', async () => {
    const one = world();
    one.remote.status = () => answers({ state: 'NEEDS_APPROVAL' });
    await one.start(adoptBody({ ...body, announce: { targets: ['ops'], on: ['settled'] } }));
    one.remote.status = () => answers({ state: 'FINISHED' });
    await one.advance(10);
    expect(one.published.map(({ event, targets }) => [event.type, targets])).toEqual([
      ['job.blocked', []],
      ['job.settled', ['ops']],
    ]);
    expect(one.events).toHaveLength(2);
    expectAllOver(one);
  });
});
