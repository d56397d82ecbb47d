import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type { FetchLike } from '@modelcontextprotocol/client';
import type { Answer, Fault } from '../ports.ts';
import type { Credential } from './credentials.ts';
import type { Dispatchers } from './dispatchers.ts';
import { exchange } from './exchange.ts';
import { refusal } from './follow-call.ts';
import type { Lane } from './lane.ts';
import { readAnswer } from './read-answer.ts';

/** What one call may use, and what came of its requests. */
export type Errand = {
  lane: Lane;
  credential: Credential;
  dispatchers: Dispatchers;
  max_bytes: number;
  now_ms: () => number;
  /** On the clock of `performance.now()`. */
  until_ms: number;
  /** True once the tool itself may have been called; before that, nothing was done that must not be repeated. */
  called: boolean;
  /** The last answer that was an error over HTTP, or no answer at all. */
  failed?: Answer | Fault;
};

/** The errand a request of the client belongs to. */
export const errands = new AsyncLocalStorage<Errand>();

/** `fetch` for the MCP client over the guarded way out: POST only, credentials of the connection, time and size bounded. */
export const mcpFetch: FetchLike = async (to, init) => {
  const errand = errands.getStore();
  // No stream is held open and no session ended: we only ask.
  if (errand === undefined || (init?.method ?? 'GET') !== 'POST') return new Response(null, { status: 405 });
  const url = new URL(to);
  const { lane, credential } = errand;
  const problem = lane.guard(url);
  if (problem !== undefined) throw failing(errand, refusal('not_allowed', problem));
  const body = typeof init?.body === 'string' ? init.body : '';
  if (/"method":"tools\/call"/.test(body)) errand.called = true;
  const got = await exchange({
    // A tool must not be called twice: see `Dispatchers`.
    dispatchers: errand.dispatchers,
    allow_private_network: lane.allow_private_network,
    fresh: true,
    method: 'POST',
    origin: url.origin,
    path: url.pathname + url.search,
    headers: headersOf(init?.headers, credential),
    body,
    limit_ms: errand.until_ms - performance.now(),
    max_bytes: errand.max_bytes,
  });
  if (!got.ok) {
    const fault = refusal(got.type, credential.redactor.text(got.message));
    throw failing(errand, { ...fault, sent: got.sent && errand.called });
  }
  if (got.http_status >= 300)
    errand.failed = readAnswer(got, { url, now_ms: errand.now_ms(), redactor: credential.redactor });
  return new Response([204, 205, 304].includes(got.http_status) ? null : got.text, {
    status: got.http_status,
    headers: fetchHeaders(got.headers),
  });
};

function failing(errand: Errand, fault: Fault): Error {
  errand.failed = fault;
  return new Error(fault.message);
}

/** The client's headers, ours, and the credential's, which nothing can replace. */
function headersOf(given: RequestInit['headers'], credential: Credential): string[] {
  const headers = new Headers(given);
  for (const [position, name] of credential.headers.entries()) if (position % 2 === 0) headers.delete(name);
  headers.set('accept-encoding', 'identity');
  headers.set('user-agent', 'untildone');
  return [...[...headers].flat(), ...credential.headers];
}

function fetchHeaders(headers: IncomingHttpHeaders): Headers {
  const all = new Headers();
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) all.append(name, one);
  return all;
}
