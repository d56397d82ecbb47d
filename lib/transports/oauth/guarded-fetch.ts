import type { IncomingHttpHeaders } from 'node:http';
import type { Fault } from '../../ports.ts';
import type { Dispatchers } from '../dispatchers.ts';
import { exchange } from '../exchange.ts';
import { refusal } from '../follow-call.ts';
import { headerOf } from '../retry-after.ts';
import { createGuard, type Guard, ownHost } from '../safe-connect.ts';

/** The way out to an authorization server, under the rules of its connection. */
export type OauthWay = {
  dispatchers: Dispatchers;
  allow_http: boolean;
  allow_private_network: boolean;
  /** On the clock of `performance.now()`; 10 s ahead at most. */
  until_ms: number;
};

/** Thrown by a guarded fetch instead of an answer: refused, unreachable, too slow, too large, or redirected elsewhere. */
export class NoAnswer extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.name = 'NoAnswer';
    this.fault = fault;
  }
}

type FetchInit = {
  method?: string;
  headers?: Record<string, string>;
  body?: string | URLSearchParams | Uint8Array | null | undefined;
};
/** What `oauth4webapi` takes as its `customFetch`. */
export type GuardedFetch = (to: string, init?: FetchInit) => Promise<Response>;

/** RFC 8414 documents and token answers are a few KB; more is no such thing. */
const max_bytes = 262_144;
const most_redirects = 3;

/** Lets a call reach the host and port of this URL, and nothing else. */
export const guardTo = (url: URL, { allow_http, allow_private_network }: OauthWay): Guard =>
  createGuard({ allow_hosts: [ownHost(url)], allow_http, allow_private_network });

/**
 * `fetch` for metadata, tokens and registration over the guarded way out: only to what `guard` lets through, 256 KB, and no
 * redirect but a GET's within its scheme, host and port. Throws NoAnswer.
 */
export function guardedFetch(way: OauthWay, guard: Guard): GuardedFetch {
  return async (to, init = {}) => {
    const method = init.method === 'POST' ? 'POST' : 'GET';
    let url = new URL(to);
    for (let hops = 0; ; hops += 1) {
      const problem = guard(url);
      if (problem !== undefined) throw new NoAnswer(refusal('not_allowed', problem));
      const got = await send(way, url, method, init);
      if (got.status < 300 || got.status === 304 || got.status >= 400) return got;
      const location = URL.parse(got.headers.get('location') ?? '', url.href);
      if (method === 'POST' || location === null || location.origin !== url.origin || hops >= most_redirects)
        throw new NoAnswer({
          ...refusal('redirected', `${url.origin} answered with a redirect, which is not followed`),
          sent: true,
        });
      url = location;
    }
  };
}

async function send(way: OauthWay, url: URL, method: 'GET' | 'POST', init: FetchInit): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('accept-encoding', 'identity');
  headers.set('user-agent', 'untildone');
  const got = await exchange({
    dispatchers: way.dispatchers,
    allow_private_network: way.allow_private_network,
    // A token request must not be sent twice: its refresh token may be good for one use.
    fresh: method === 'POST',
    method,
    origin: url.origin,
    path: url.pathname + url.search,
    headers: [...headers].flat(),
    body: init.body === undefined || init.body === null ? null : String(init.body),
    limit_ms: way.until_ms - performance.now(),
    max_bytes,
  });
  if (!got.ok) throw new NoAnswer({ ...refusal(got.type, got.message), sent: got.sent });
  const bodiless = [204, 205, 304].includes(got.http_status);
  return new Response(bodiless ? null : got.text, { status: got.http_status, headers: readable(got.headers) });
}

/** What is read of an answer's head. */
function readable(headers: IncomingHttpHeaders): Headers {
  const kept = new Headers();
  for (const name of ['content-type', 'location', 'retry-after', 'www-authenticate', 'x-ratelimit-remaining']) {
    const value = headerOf(headers, name);
    if (value !== undefined) kept.set(name, value);
  }
  return kept;
}
