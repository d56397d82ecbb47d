import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingHttpHeaders } from 'node:http';
import type { FetchLike } from '@modelcontextprotocol/client';
import type { FaultType } from '../core/kind.ts';
import type { Answer, Fault } from '../ports.ts';
import type { Credential } from './credentials.ts';
import type { Dispatchers } from './dispatchers.ts';
import { type Exchanged, exchange } from './exchange.ts';
import { mostRedirects, redirectProblem, refusal } from './follow-call.ts';
import type { Lane } from './lane.ts';
import { readAnswer } from './read-answer.ts';
import { headerOf } from './retry-after.ts';

/** Where a server is now, when a redirect within its origin has led on from the connection's url. */
export type Place = { moved?: URL | undefined };

/** What one call may use, and what came of its requests. */
export type Errand = {
  lane: Lane;
  credential: Credential;
  dispatchers: Dispatchers;
  max_bytes: number;
  now_ms: () => number;
  /** On the clock of `performance.now()`. */
  until_ms: number;
  place: Place;
  /** The tool goes out once, whatever comes back. */
  once: boolean;
  /** True once the tool itself may have been called; before that, nothing was done that must not be repeated. */
  called: boolean;
  /** The last answer that was an error over HTTP, or no answer at all. */
  failed?: Answer | Fault;
};

/** The errand a request of the client belongs to. */
export const errands = new AsyncLocalStorage<Errand>();

type Post = { headers: RequestInit['headers']; body: string; may_follow: boolean };
type Answered = Extract<Exchanged, { ok: true }>;

/** `fetch` for the MCP client over the guarded way out: POST only, credentials of the connection, time and size bounded. */
export const mcpFetch: FetchLike = async (to, init) => {
  const errand = errands.getStore();
  // No stream is held open and no session ended: we only ask.
  if (errand === undefined || (init?.method ?? 'GET') !== 'POST') return new Response(null, { status: 405 });
  const body = typeof init?.body === 'string' ? init.body : '';
  const calls = /"method":"tools\/call"/.test(body);
  const fenced = calls && errand.once;
  // The client repeats a call by itself where it takes that to be safe. A starter it does not.
  if (fenced && errand.called) {
    errand.failed ??= { ...refusal('refused', 'the tool was to be called twice'), sent: true };
    throw new Error('a starter is not called twice');
  }
  if (calls) errand.called = true;
  const from = errand.place.moved ?? new URL(to);
  const { got, url } = await sendOn(errand, from, { headers: init?.headers, body, may_follow: !fenced });
  if (url !== from) errand.place.moved = url;
  if (got.http_status >= 300)
    errand.failed = readAnswer(got, { at: url.href, now_ms: errand.now_ms(), redactor: errand.credential.redactor });
  return new Response([204, 205, 304].includes(got.http_status) ? null : got.text, {
    status: got.http_status,
    headers: fetchHeaders(got.headers),
  });
};

/** Sends a request on, where a redirect says that nothing was done and leads no further than its own origin. */
async function sendOn(errand: Errand, from: URL, post: Post): Promise<{ got: Answered; url: URL }> {
  const { redactor } = errand.credential;
  let url = from;
  for (let hops = 0; ; hops += 1) {
    const got = await send(errand, url, post);
    const location = redirectStatuses.has(got.http_status) ? headerOf(got.headers, 'location') : undefined;
    if (location === undefined) return { got, url };
    const next = URL.parse(location, url.href);
    const untouched = keepsMethod.has(got.http_status);
    const stop = (type: FaultType, problem: string): Error =>
      failing(errand, {
        ...refusal(type, redactor.text(`${url.origin} answered with a redirect that is not followed: ${problem}`)),
        sent: errand.called && !untouched,
      });
    const problem = redirectProblem(url.origin, next, errand.lane.guard);
    if (next === null || problem !== undefined) throw stop('redirected', problem ?? 'it leads nowhere');
    if (!post.may_follow) throw stop('refused', `${next.pathname} is where to call; make it the url of the connection`);
    if (!untouched) return { got, url };
    if (hops >= mostRedirects) throw stop('refused', `it is one of more than ${mostRedirects} in a row`);
    url = next;
  }
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** RFC 9110 §15.4: to be sent again as it is, elsewhere. After the others nobody knows what was done. */
const keepsMethod = new Set([307, 308]);

async function send(errand: Errand, url: URL, { headers, body }: Post): Promise<Answered> {
  const { lane, credential } = errand;
  const problem = lane.guard(url);
  if (problem !== undefined) throw failing(errand, refusal('not_allowed', problem));
  const got = await exchange({
    // A tool must not be called twice: see `Dispatchers`.
    dispatchers: errand.dispatchers,
    allow_private_network: lane.allow_private_network,
    fresh: true,
    method: 'POST',
    origin: url.origin,
    path: url.pathname + url.search,
    headers: headersOf(headers, credential),
    body,
    limit_ms: errand.until_ms - performance.now(),
    max_bytes: errand.max_bytes,
  });
  if (got.ok) return got;
  const fault = refusal(got.type, credential.redactor.text(got.message));
  throw failing(errand, { ...fault, sent: got.sent && errand.called });
}

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
