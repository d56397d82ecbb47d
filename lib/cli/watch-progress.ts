import type { Context } from './context.ts';
import type { Descriptor } from './descriptor-schema.ts';
import { progressBar, progressLine } from './progress.ts';

const lineEvery_ms = 10_000;
const drawEvery_ms = 1000;
const clearLine = '\r\u001b[2K';

/** Keeps a person informed on stderr: a line each 10 s, or one bar drawn over each second on a terminal. */
export function watchProgress(context: Context): { saw(job: Descriptor): void; stop(): void } {
  let latest: Descriptor | undefined;
  const tell = (): void => {
    if (latest === undefined) return;
    const now = context.clock.now();
    if (context.live) context.say(`${clearLine}${progressBar(latest, now, context.columns)}`);
    else context.say(`${progressLine(latest, now)}\n`);
  };
  const stopTicking = context.clock.every(context.live ? drawEvery_ms : lineEvery_ms, tell);
  return {
    saw(job) {
      const first = latest === undefined;
      latest = job;
      if (first || context.live) tell();
    },
    stop() {
      stopTicking();
      if (context.live && latest !== undefined) context.say(clearLine);
    },
  };
}
