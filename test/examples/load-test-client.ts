import { setTimeout as wait } from 'node:timers/promises';
import type { RunView } from '../../examples/load-test/run.ts';

/** An answer of the service: a run, a list or a problem, as JSON. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  body: Body;
}

/** The members a test reads from a refusal. */
export interface Problem {
  code: string;
  detail: string;
  state?: string;
  errors?: { path: string; message: string }[];
}

/** Sends one call and reads its JSON. */
export async function call<Body>(url: string, init: RequestInit = {}): Promise<Answer<Body>> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
}

/** Sends a POST with a JSON body. */
export function post<Body>(url: string, body: unknown = {}): Promise<Answer<Body>> {
  return call(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

/** Starts a run and returns its URL. */
export async function startRun(service: string, body: unknown): Promise<string> {
  const { status, headers } = await post<RunView>(`${service}/runs`, body);
  if (status !== 202) throw new Error(`the run was refused with ${status}`);
  return service + headers.get('location');
}

/** Asks for a run every 25 ms until it looks as wanted; the test's own timeout is the limit. */
export async function runWhen(runUrl: string, isWanted: (run: RunView) => boolean): Promise<RunView> {
  for (;;) {
    const { body } = await call<RunView>(runUrl);
    if (isWanted(body)) return body;
    await wait(25);
  }
}

/** Asks for a run until it is over. */
export function runAtEnd(runUrl: string): Promise<RunView> {
  return runWhen(runUrl, (run) => ['FINISHED', 'ABORTED', 'ERROR'].includes(run.state));
}
