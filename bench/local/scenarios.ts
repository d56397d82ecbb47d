import { setTimeout as sleep } from 'node:timers/promises';
import { quantile } from './figures.ts';
import type { Load, Loaded } from './load.ts';
import type { Usage } from './look-inside.ts';
import type { OwnProcess } from './own-process.ts';
import type { Plan, Sight } from './remote-side.ts';
import { type Place, type System, untilOpen } from './systems.ts';

/** Everything a scenario needs: the system that is measured, where it runs, and the two processes on the other side. */
export type Stage = { system: System; place: Place; remote: OwnProcess; load: OwnProcess; jobs: number };

export type Figures = Record<string, number>;

/** Where a profile of a run goes. */
export type Profile = { path: string };

/** Runs a system for as long as `run` takes. */
async function during<T>({ system, place }: Stage, run: (own: OwnProcess) => Promise<T>): Promise<T> {
  const own = system.start(place);
  try {
    await untilOpen(place.port);
    return await run(own);
  } finally {
    await own.end('SIGKILL');
  }
}

const plan = ({ remote, jobs, place }: Stage, ends_at_look: number | null, all = jobs): Promise<void> =>
  remote.ask('plan', { jobs: all, every_ms: place.every_seconds * 1000, ends_at_look } satisfies Plan);

async function handOver(
  { system, place, load }: Stage,
  from: number,
  to: number,
  per_second: number | null,
): Promise<Loaded> {
  const url = `http://127.0.0.1:${place.port}`;
  const given: Load = { url, path: system.path, body: system.body, from, to, per_second };
  const loaded = await load.ask<Loaded>('load', given);
  if (loaded.refused > 0) throw new Error(`${loaded.refused} of ${to - from} jobs were refused`);
  return loaded;
}
const usageOf = (own: OwnProcess, collect = false): Promise<Usage> => own.ask('usage', { collect });

/** All jobs at once, as fast as they are taken: by a process that has just begun, and as many again by the same one. */
export const starts = (stage: Stage, profile?: Profile): Promise<Figures> =>
  during(stage, async (own) => {
    const { jobs } = stage;
    await plan(stage, null, 2 * jobs);
    if (profile !== undefined) await own.ask('profile');
    const before = await usageOf(own);
    const fresh = await handOver(stage, 0, jobs, null);
    const between = await usageOf(own);
    const warm = await handOver(stage, jobs, 2 * jobs, null);
    const after = await usageOf(own);
    if (profile !== undefined) await own.ask('profiled', profile);
    return {
      starts_per_s: jobs / warm.seconds,
      start_cpu_us: ((after.cpu_ms - between.cpu_ms) * 1000) / jobs,
      fresh_starts_per_s: jobs / fresh.seconds,
      fresh_start_cpu_us: ((between.cpu_ms - before.cpu_ms) * 1000) / jobs,
    };
  });

/** The whole work at an even rate: two looks each that see nothing new, and the end at the third. */
export const work = (stage: Stage, profile?: Profile): Promise<Figures> =>
  during(stage, async (own) => {
    const { remote, jobs, place } = stage;
    const every_ms = place.every_seconds * 1000;
    await plan(stage, 3);
    await handOver(stage, 0, jobs, jobs / place.every_seconds);
    if (profile !== undefined) await own.ask('profile');
    // From the first look of the last job on, nothing but looks happens, until the third looks begin.
    await remote.ask('again');
    const before = await usageOf(own);
    await sleep(2 * every_ms - 1000);
    const after = await usageOf(own);
    const looks = await remote.ask<Sight>('sight');
    const told = await untilAllTold(stage);
    if (profile !== undefined) await own.ask('profiled', profile);
    return {
      cpu_us_per_check: ((after.cpu_ms - before.cpu_ms) * 1000) / looks.looks,
      checks_per_s: looks.looks / looks.seconds,
      lag_p50_ms: quantile(looks.lags_ms, 0.5),
      lag_p99_ms: quantile(looks.lags_ms, 0.99),
      ...announcedIn(told, jobs),
    };
  });

const announcedIn = (sight: Sight, jobs: number): Figures => ({
  announce_p50_ms: quantile(sight.announced_ms, 0.5),
  announce_p99_ms: quantile(sight.announced_ms, 0.99),
  never_told: jobs - sight.jobs_told,
  told_again: sight.told_again,
  looks_after_the_end: sight.looks_after_the_end,
});

async function untilAllTold({ remote, jobs, place }: Stage): Promise<Sight> {
  const until = performance.now() + 4 * place.every_seconds * 1000 + 5000;
  for (;;) {
    await sleep(200);
    const sight = await remote.ask<Sight>('sight');
    // A moment more shows whether somebody is told twice.
    if (sight.jobs_told === jobs || performance.now() > until) return sleep(500).then(() => remote.ask<Sight>('sight'));
  }
}

/** The work at an even rate, killed in the middle of the second looks and started again at once. */
export async function kill(stage: Stage): Promise<Figures> {
  const { system, place, remote, jobs } = stage;
  const every_ms = place.every_seconds * 1000;
  await plan(stage, 3);
  let own = system.start(place, { alone: true });
  try {
    await untilOpen(place.port);
    await handOver(stage, 0, jobs, jobs / place.every_seconds);
    await sleep(1.5 * every_ms);
    await remote.ask('again');
    const killed = performance.timeOrigin + performance.now();
    await own.end('SIGKILL');
    await remote.ask('again');
    own = system.start(place, { alone: true });
    await untilOpen(place.port);
    const listening_ms = performance.timeOrigin + performance.now() - killed;
    // Until every job was due once: the worst is whoever was due while nobody was there.
    await sleep(every_ms - 500);
    const seen = await remote.ask<Sight>('sight');
    const first = (await remote.ask<number | null>('firstLook')) ?? Number.NaN;
    const told = await untilAllTold(stage);
    return {
      listening_ms,
      first_look_ms: first - killed,
      worst_overdue_ms: Math.max(seen.lags_ms.at(-1) ?? 0, seen.owed_ms),
      killed_never_told: jobs - told.jobs_told,
      killed_told_again: told.told_again,
      killed_looks_after_the_end: told.looks_after_the_end,
    };
  } finally {
    await own.end('SIGKILL');
  }
}

/** More and more jobs, until the looks no longer come at the rate and the time they are due. */
export const held = (stage: Stage, { from_per_s, step_per_s }: { from_per_s: number; step_per_s: number }) =>
  during(stage, async (own) => {
    const { remote, place } = stage;
    const every_ms = place.every_seconds * 1000;
    const most = 20_000;
    await plan(stage, null, most * place.every_seconds);
    let registered = 0;
    let best: Figures = { held_per_s: 0 };
    for (let rate = from_per_s; rate <= most; rate += step_per_s) {
      const to = rate * place.every_seconds;
      // New phases between the old ones: an even rate at every step.
      await handOver(stage, registered, to, (to - registered) / place.every_seconds);
      registered = to;
      await sleep(every_ms);
      await remote.ask('again');
      const before = await usageOf(own);
      await sleep(every_ms);
      const after = await usageOf(own);
      const { looks, seconds, lags_ms } = await remote.ask<Sight>('sight');
      const lag_p99_ms = quantile(lags_ms, 0.99);
      if (looks / seconds < 0.98 * rate || lag_p99_ms > every_ms / 10) return best;
      best = {
        held_per_s: rate,
        held_lag_p99_ms: lag_p99_ms,
        checks_per_cpu_s: looks / ((after.cpu_ms - before.cpu_ms) / 1000),
      };
    }
    return best;
  });

/** Many jobs at a slow pace: what one costs in memory, and how long a start with all of them takes. */
export async function many(stage: Stage): Promise<Figures> {
  const { system, place, remote, jobs } = stage;
  await plan(stage, null);
  let own = system.start(place);
  try {
    await untilOpen(place.port);
    await handOver(stage, 0, 1, null);
    const empty = await usageOf(own, true);
    await handOver(stage, 1, jobs, null);
    // Half a round of looks: as they are watched, not as they were handed over.
    await sleep(place.every_seconds * 500);
    const full = await usageOf(own, true);
    const memory = {
      rss_kb_per_job: (full.rss - empty.rss) / 1024 / jobs,
      heap_kb_per_job: (full.heap - empty.heap) / 1024 / jobs,
    };
    if (!system.survives) return memory;
    await own.end('SIGKILL');
    await remote.ask('again');
    const began = performance.timeOrigin + performance.now();
    own = system.start(place, { alone: true });
    await untilOpen(place.port);
    const boot_ms = performance.timeOrigin + performance.now() - began;
    return { ...memory, boot_ms };
  } finally {
    await own.end('SIGKILL');
  }
}
