import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OauthAuth } from '../../../lib/core/auth.ts';
import type { Connection } from '../../../lib/core/configuration.ts';
import { createLocalTokenKeeping } from '../../../lib/embedded/token-keeping.ts';
import type { Answer, Fault } from '../../../lib/ports.ts';
import { createHttpTransport } from '../../../lib/transports/http-transport.ts';
import { createLocalSecrets } from '../../../lib/transports/local-secrets.ts';
import type { TokenNews } from '../../../lib/transports/oauth/refresh-tokens.ts';
import { createTokenSources } from '../../../lib/transports/oauth/token-sources.ts';
import type { TokenKeeping } from '../../../lib/transports/oauth/token-store.ts';
import { createUndiciDispatchers } from '../../../lib/transports/undici-dispatchers.ts';
import { type Behaviour, startAuthorizationServer } from '../../support/authorization-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

export const start_ms = Date.parse('2026-11-21T09:00:00Z');

type Process = {
  /** One GET of the resource. */
  call: () => Promise<Answer | Fault>;
  close(): Promise<void>;
};
export type OauthWorldOptions = {
  server?: Partial<Behaviour>;
  auth?: (server: { token_url: string }) => OauthAuth;
  environment?: Record<string, string | undefined>;
};

/** An authorization server with its resource, one connection `octo` to it on one machine, and any number of processes. A sleep advances the clock a little. Close it. */
export async function oauthWorld(options: OauthWorldOptions = {}) {
  const clock = {
    now_ms: start_ms,
    /** How long a sleep takes. */
    sleep_ms: 1,
    now: (): number => clock.now_ms,
    // The others' answers come in real time: a moment of theirs is not a moment here.
    sleep: async (): Promise<void> => {
      clock.now_ms += clock.sleep_ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
  const server = await startAuthorizationServer({ now: clock.now, ...options.server });
  const directory = temporaryDirectory();
  const secretFile = join(directory.path, 'secrets', 'octo');
  mkdirSync(join(directory.path, 'secrets'));
  const environment: Record<string, string | undefined> = { CI_SECRET: 'client-secret-1', ...options.environment };
  const auth: OauthAuth = options.auth?.(server) ?? {
    type: 'oauth2-refresh-token',
    client_id: 'public',
    refresh_token: 'file:secrets/octo',
  };
  const connection: Connection = {
    transport: 'http',
    url: server.resource_url,
    auth,
    allow_http: true,
    allow_private_network: true,
  };
  const news: TokenNews[] = [];
  const processes: Process[] = [];
  const local = createLocalTokenKeeping({
    base_directory: directory.path,
    data_directory: join(directory.path, 'data'),
  });

  /** A process of its own; `around` stands between it and where tokens are kept. */
  function open(around: (keeping: TokenKeeping) => TokenKeeping = (keeping) => keeping): Process {
    const secrets = createLocalSecrets({ environment, base_directory: directory.path });
    const sources = createTokenSources({
      secrets,
      keeping: around(local),
      openDispatchers: createUndiciDispatchers,
      clock,
      tell: (one) => news.push(one),
    });
    const transport = createHttpTransport({
      connections: new Map([['octo', connection]]),
      secrets,
      clock,
      openDispatchers: createUndiciDispatchers,
      openTokens: sources.open,
    });
    const opened: Process = {
      call: () =>
        transport.call({ connection: 'octo', call: { url: '/jobs/1' }, budget_ms: 10_000, redirects_as_answers: [] }),
      close: async () => {
        await Promise.all([transport.close(), sources.close()]);
      },
    };
    processes.push(opened);
    return opened;
  }
  return {
    server,
    clock,
    news,
    environment,
    directory: directory.path,
    open,
    /** Puts a refresh token, or any other text, where the reference points. */
    store: (text: string): string => {
      writeFileSync(secretFile, `${text}\n`);
      return text;
    },
    stored: (): string => readFileSync(secretFile, 'utf8').trim(),
    secretFile,
    close: async () => {
      for (const one of processes) await one.close();
      await server.close();
      directory.remove();
    },
  };
}
export type OauthWorld = Awaited<ReturnType<typeof oauthWorld>>;
