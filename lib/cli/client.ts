import type { z } from 'zod';
import { failureOfAnswer, malformed, noAnswer } from './answer-failures.ts';
import type { Context } from './context.ts';
import type { Outcome } from './outcome.ts';
import { unlessAborted } from './unless-aborted.ts';
import { wayOut } from './way-out.ts';

/** One call of the API. `unsafe_to_repeat` marks a write whose fate is unknown when no answer comes. */
type Call<T> = {
  method: 'GET' | 'POST';
  path: string;
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  /** What a good answer looks like. */
  answer: z.ZodType<T>;
  /** Added to the time one call may take: the server was asked to hold the answer back. */
  held_ms?: number;
  unsafe_to_repeat?: boolean;
};

type Answered<T> = { ok: true; value: T; status: number; headers: Headers } | { ok: false; outcome: Outcome };

/** Calls the API once. Whatever goes wrong comes back as an outcome; nothing is thrown and nothing repeated. */
export async function callApi<T>(context: Context, call: Call<T>): Promise<Answered<T>> {
  const { endpoint, interrupt } = context;
  const url = new URL(`${endpoint.url}${call.path}`);
  for (const [name, value] of Object.entries(call.query ?? {}))
    if (value !== undefined) url.searchParams.set(name, String(value));
  const limit_ms = endpoint.timeout_ms === 0 ? 0 : endpoint.timeout_ms + (call.held_ms ?? 0);
  const limit = limit_ms === 0 ? undefined : AbortSignal.timeout(limit_ms);
  const signal = limit === undefined ? interrupt : AbortSignal.any([interrupt, limit]);
  const where = { method: call.method, url: url.href, limit_ms };
  const { method } = call;
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const headers: Record<string, string> = {
    accept: 'application/json, application/problem+json',
    'x-request-id': context.request_id,
    ...(endpoint.token === undefined ? {} : { authorization: `Bearer ${endpoint.token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...call.headers,
  };
  let response: Response;
  let text: string;
  try {
    // Anew for every call: a signature holds for five minutes. A credential may take its time (a login, a program of the user's).
    const signing = context.signer?.sign({ method, url, headers, body }, context.clock.now());
    const signed = signing && (await unlessAborted(signal, signing));
    if (signed?.ok === false) return signed;
    const called = await wayOut(context);
    response = await called(url.href, {
      method,
      headers: signed?.value ?? headers,
      ...(body === undefined ? {} : { body }),
      redirect: 'manual',
      signal,
    });
    text = await response.text();
  } catch (error) {
    context.debug(`${method} ${url.href}: ${error instanceof Error ? error.message : 'no answer'}`);
    return { ok: false, outcome: noAnswer(context, where, error, call.unsafe_to_repeat ?? false) };
  }
  const sent = 'authorization' in headers || context.signer !== undefined ? ' (authorization redacted)' : '';
  context.debug(`${method} ${url.href}${sent}: ${response.status}, ${text.length} characters`);
  const said = parsed(text);
  if (!response.ok) {
    const answer = { status: response.status, headers: response.headers, body: said };
    return { ok: false, outcome: failureOfAnswer(context, where, answer, call.unsafe_to_repeat ?? false) };
  }
  const checked = call.answer.safeParse(said);
  if (checked.success) return { ok: true, value: checked.data, status: response.status, headers: response.headers };
  const seen =
    said === undefined
      ? `${response.headers.get('content-type') ?? 'no content type'} that is not JSON`
      : `JSON without the expected form (${checked.error.issues
          .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
          .slice(0, 3)
          .join('; ')})`;
  return { ok: false, outcome: malformed(context, where, `${response.status} and ${seen}`) };
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
