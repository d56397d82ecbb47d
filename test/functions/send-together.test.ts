import { beforeEach, describe, expect, it } from 'vitest';
import { sendTogether } from '../../functions/poll/send-together.ts';
import { refOf } from '../../lib/core/job.ts';
import type { Tick } from '../../lib/ports.ts';
import { aJob, epoch_ms } from '../contracts/records.ts';

const tick = (number: number, in_ms = 30_000): Tick => ({
  ...refOf(aJob({ number })),
  carrier: 'chain',
  expected_checks: 1,
  due_at_ms: epoch_ms + in_ms,
});
const settledOnly = () => new Promise((resolve) => setImmediate(resolve));

let requests: Tick[][];
let timers: { at_ms: number; run: () => void; off: boolean }[];
let now_ms: number;
let outcome: (ticks: readonly Tick[]) => Promise<(Error | undefined)[]>;
beforeEach(() => {
  requests = [];
  timers = [];
  now_ms = epoch_ms;
  outcome = (ticks) => Promise.resolve(ticks.map(() => undefined));
});
const of = (senders: number) =>
  sendTogether({
    senders,
    sendMany: (ticks) => {
      requests.push([...ticks]);
      return outcome(ticks);
    },
    now: () => now_ms,
    after: (ms, run) => {
      const timer = { at_ms: now_ms + ms, run, off: false };
      timers.push(timer);
      return () => {
        timer.off = true;
      };
    },
  });
const pass = (ms: number): void => {
  now_ms += ms;
  for (const timer of timers.filter(({ at_ms, off }) => !off && at_ms <= now_ms)) {
    timer.off = true;
    timer.run();
  }
};

describe('the ticks of a batch', () => {
  it('go in one request, once everybody waits', async () => {
    const ticks = of(3);
    const sends = [1, 2].map((number) => ticks.send(tick(number)));
    expect(requests).toEqual([]);
    await Promise.all([...sends, ticks.send(tick(3))]);
    expect(requests).toEqual([[tick(1), tick(2), tick(3)]]);
  });
  it('wait for nobody who has nothing to send', async () => {
    const ticks = of(3);
    const sends = [1, 2].map((number) => ticks.send(tick(number)));
    ticks.leave();
    await Promise.all(sends);
    expect(requests).toHaveLength(1);
    ticks.leave();
    await ticks.send(tick(2));
    expect(requests[1]).toEqual([tick(2)]);
  });
  it('wait a second at most for a slow check', async () => {
    const ticks = of(3);
    const sends = [1, 2].map((number) => ticks.send(tick(number)));
    pass(999);
    expect(requests).toEqual([]);
    pass(1);
    await Promise.all(sends);
    expect(requests).toEqual([[tick(1), tick(2)]]);
  });
  it('wait less when one of them is due soon, and not at all when one is urgent', async () => {
    const ticks = of(4);
    const patient = ticks.send(tick(1));
    const soon = ticks.send(tick(2, 1500));
    pass(499);
    expect(requests).toEqual([]);
    pass(1);
    await Promise.all([patient, soon]);
    await Promise.all([ticks.send(tick(3)), ticks.send(tick(4, 700))]);
    expect(requests).toEqual([
      [tick(1), tick(2, 1500)],
      [tick(3), tick(4, 700)],
    ]);
  });
  it('resolve only when they were taken', async () => {
    const taken = Promise.withResolvers<(Error | undefined)[]>();
    outcome = () => taken.promise;
    const ticks = of(1);
    let sent = false;
    const sending = ticks.send(tick(1)).then(() => {
      sent = true;
    });
    await settledOnly();
    expect(sent).toBe(false);
    taken.resolve([undefined]);
    await sending;
    expect(sent).toBe(true);
  });
  it('fail each for itself, and all when the request does', async () => {
    outcome = () => Promise.resolve([undefined, new Error('too many')]);
    const ticks = of(2);
    const both = [1, 2].map((number) => ticks.send(tick(number)));
    expect((await Promise.allSettled(both)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    outcome = () => Promise.reject(new Error('no queue'));
    const again = [1, 2].map((number) => ticks.send(tick(number)));
    for (const one of again) await expect(one).rejects.toThrow('no queue');
  });
});
