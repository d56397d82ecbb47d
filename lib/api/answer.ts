import type { Context } from 'hono';
import type { ApiEnv } from './api-options.ts';

/**
 * Answers with a text, and with what every answer carries: the request's id, and word to keep it nowhere. Headers go in as plain
 * names and values, in lower case: the `Headers` that Hono's own setters make of them cost more than the route.
 */
export const answer = (
  c: Context<ApiEnv>,
  text: string | null,
  status: number,
  headers: Readonly<Record<string, string>>,
): Response =>
  new Response(text, {
    status,
    headers: {
      'x-request-id': c.get('request_id'),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...headers,
    },
  });
