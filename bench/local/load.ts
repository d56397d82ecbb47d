import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { answerQuestions } from './own-process.ts';

/* Hands jobs over from 64 connections, in a process of its own: as fast as they are taken, or at a steady rate. */

export type Load = {
  url: string;
  path: string;
  /** The body of job number N, with `"N"` for the number. */
  body: string;
  from: number;
  to: number;
  per_second: number | null;
};
export type Loaded = { seconds: number; refused: number };

const connections = 64;

answerQuestions({
  load: async ({ url, path, body, from, to, per_second }: Load): Promise<Loaded> => {
    const pool = new Pool(url, { connections, pipelining: 1 });
    const [before = '', after = ''] = body.split('"N"');
    let next = from;
    let refused = 0;
    const began = performance.now();
    async function one(): Promise<void> {
      for (let number = next++; number < to; number = next++) {
        if (per_second !== null) {
          const early_ms = began + ((number - from) * 1000) / per_second - performance.now();
          if (early_ms > 1) await sleep(early_ms);
        }
        const { statusCode, body: answer } = await pool.request({
          method: 'POST',
          path,
          headers: { 'content-type': 'application/json' },
          body: `${before}"${number}"${after}`,
        });
        const text = await answer.text();
        if (statusCode === 202) continue;
        refused += 1;
        if (refused === 1) console.error(statusCode, text);
      }
    }
    await Promise.all(Array.from({ length: connections }, one));
    const seconds = (performance.now() - began) / 1000;
    await pool.close();
    return { seconds, refused };
  },
});
