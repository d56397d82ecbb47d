import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { answerQuestions } from './own-process.ts';

/*
 * Preloaded into the process that is measured: says what processor time and memory it took, all its threads together, and
 * makes a profile of its main thread when asked to. Costs nothing in between.
 */

/** Processor time since the process began, ms, and memory, bytes. */
export type Usage = { cpu_ms: number; rss: number; heap: number };

const session = new Session();

answerQuestions(
  {
    usage: ({ collect }: { collect: boolean }): Usage => {
      if (collect) for (let turn = 0; turn < 3; turn++) globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed } = process.memoryUsage();
      return { cpu_ms: (user + system) / 1000, rss, heap: heapUsed };
    },
    profile: async () => {
      session.connect();
      await session.post('Profiler.enable');
      await session.post('Profiler.setSamplingInterval', { interval: 200 });
      await session.post('Profiler.start');
    },
    profiled: async ({ path }: { path: string }) => {
      const { profile } = await session.post('Profiler.stop');
      writeFileSync(path, JSON.stringify(profile));
      session.disconnect();
    },
  },
  { keepAlive: false },
);
