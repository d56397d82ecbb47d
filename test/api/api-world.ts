import type { ApiOptions, Log } from '../../lib/api/api-options.ts';
import { createApi } from '../../lib/api/create-api.ts';
import { RequestError } from '../../lib/core/errors.ts';
import { type World, world } from '../support/world.ts';

type Sent = { method?: string; body?: unknown; headers?: Record<string, string>; as?: string };

/** An answer, read. */
export type Got = { status: number; headers: Headers; text: string; body: unknown };

/** The API over a world in memory; the caller is whom `x-owner` names. */
export function apiWorld(options: Partial<ApiOptions> = {}, given: World = world()) {
  const logged: Parameters<Log>[] = [];
  const app = createApi({
    ports: given.ports,
    settings: given.settings,
    engine: 'embedded',
    version: '0.0.0-test',
    ownerOf: (context) => {
      const owner = context.req.header('x-owner');
      if (owner === undefined) throw new RequestError('UNAUTHENTICATED', 'no credentials came with the request');
      if (owner === 'nobody') throw new RequestError('PERMISSION_DENIED', 'these credentials open nothing here');
      return owner;
    },
    log: (...entry) => void logged.push(entry),
    ...options,
  });
  async function send(path: string, { method = 'GET', body, headers = {}, as = 'me' }: Sent = {}): Promise<Got> {
    const response = await app.request(path, {
      method,
      headers: { 'x-owner': as, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return read(response);
  }
  return {
    ...given,
    app,
    logged,
    send,
    post: (path: string, body?: unknown, rest: Sent = {}): Promise<Got> =>
      send(path, { ...rest, method: 'POST', body }),
    fetch: async (request: Request): Promise<Got> => read(await app.fetch(request)),
  };
}

async function read(response: Response): Promise<Got> {
  const text = await response.text();
  const json = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: json ? JSON.parse(text) : undefined };
}
