import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerQuestions } from './own-process.ts';

/*
 * The world outside, in a process of its own: the status server that every look goes to, and the webhook that hears of the
 * end. Both see every request, so that everything measured from outside is measured here, on one clock.
 */

export type Plan = {
  jobs: number;
  every_ms: number;
  /** The look at which a job has ended; null: never. */
  ends_at_look: number | null;
};
/** What was seen since the plan, or since the last `again`. Milliseconds. */
export type Sight = {
  looks: number;
  seconds: number;
  /** Beyond the cadence, of every look but a job's first, sorted. */
  lags_ms: Float64Array;
  /** From the terminal answer to the announcement, sorted. */
  announced_ms: Float64Array;
  jobs_looked_at: number;
  jobs_ended: number;
  jobs_told: number;
  told_again: number;
  /** Looks at a job after its terminal answer. */
  looks_after_the_end: number;
  /** Of all jobs, the latest next look that is overdue by now, ms. */
  owed_ms: number;
};

let plan: Plan = { jobs: 0, every_ms: 0, ends_at_look: null };
let lookedAt = new Float64Array(0);
let looksOf = new Uint32Array(0);
let endedAt = new Float64Array(0);
let toldOf = new Uint8Array(0);
let began = 0;
let looks = 0;
let firstLookAt = 0;
let lags: number[] = [];
let announced: number[] = [];
let lateEnd = 0;

const going = Buffer.from('{"status":"running"}');
const ended = Buffer.from('{"status":"done"}');
const headers = (body: Buffer) => ({ 'content-type': 'application/json', 'content-length': body.length });
const goingHeaders = headers(going);
const endedHeaders = headers(ended);

function look(request: IncomingMessage, response: ServerResponse): void {
  const number = Number(request.url?.slice('/jobs/'.length));
  const now = performance.now();
  const before = lookedAt[number] ?? 0;
  const count = (looksOf[number] ?? 0) + 1;
  if (before > 0) lags.push(now - before - plan.every_ms);
  lookedAt[number] = now;
  looksOf[number] = count;
  looks += 1;
  if (firstLookAt === 0) firstLookAt = now;
  const isEnd = plan.ends_at_look !== null && count >= plan.ends_at_look;
  if (!isEnd) {
    response.writeHead(200, goingHeaders).end(going);
    return;
  }
  if ((endedAt[number] ?? 0) > 0) lateEnd += 1;
  else endedAt[number] = now;
  response.writeHead(200, endedHeaders).end(ended);
}

function told(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const now = performance.now();
    response.writeHead(204).end();
    const number = Number(JSON.parse(Buffer.concat(chunks).toString()).data.handle.id);
    const times = (toldOf[number] ?? 0) + 1;
    toldOf[number] = times;
    if (times === 1) announced.push(now - (endedAt[number] ?? 0));
  });
}

const server = createServer((request, response) => {
  if (request.method === 'POST') told(request, response);
  else look(request, response);
});
server.keepAliveTimeout = 120_000;

const count = (values: Iterable<number>, is: (value: number) => boolean): number => {
  let found = 0;
  for (const value of values) if (is(value)) found += 1;
  return found;
};

answerQuestions({
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', 4096, () => resolve((server.address() as AddressInfo).port));
    }),
  plan: (next: Plan) => {
    plan = next;
    lookedAt = new Float64Array(next.jobs);
    looksOf = new Uint32Array(next.jobs);
    endedAt = new Float64Array(next.jobs);
    toldOf = new Uint8Array(next.jobs);
    forget();
  },
  again: forget,
  now: () => performance.timeOrigin + performance.now(),
  firstLook: () => (firstLookAt === 0 ? null : performance.timeOrigin + firstLookAt),
  sight: (): Sight => {
    const now = performance.now();
    let owed_ms = 0;
    for (const [number, at] of lookedAt.entries())
      if (at > 0 && endedAt[number] === 0) owed_ms = Math.max(owed_ms, now - at - plan.every_ms);
    return {
      looks,
      seconds: (now - began) / 1000,
      lags_ms: Float64Array.from(lags).sort(),
      announced_ms: Float64Array.from(announced).sort(),
      jobs_looked_at: count(looksOf, (times) => times > 0),
      jobs_ended: count(endedAt, (at) => at > 0),
      jobs_told: count(toldOf, (times) => times > 0),
      told_again: toldOf.reduce((sum, times) => sum + Math.max(0, times - 1), 0),
      looks_after_the_end: lateEnd,
      owed_ms,
    };
  },
});

function forget(): void {
  looks = 0;
  firstLookAt = 0;
  lags = [];
  announced = [];
  lateEnd = 0;
  began = performance.now();
}
