import { createInterface } from 'node:readline';
import type { ConnectOptions, ConnectResult } from '../lib/cli/context.ts';
import { exitCode } from '../lib/cli/exit-codes.ts';
import { listenForRedirect } from '../lib/cli/redirect-listener.ts';
import { isReference } from '../lib/core/auth-references.ts';
import type { Connection } from '../lib/core/configuration.ts';
import { ConfigError } from '../lib/core/errors.ts';
import type { Secrets } from '../lib/ports.ts';
import { createLocalSecrets } from '../lib/transports/local-secrets.ts';
import { type Agreed, beginConsent, type KnownClient, type Refused } from '../lib/transports/oauth/consent.ts';
import { discoverServer } from '../lib/transports/oauth/discover.ts';
import { type GrantSecret, writeGrant } from '../lib/transports/oauth/grant-secret.ts';
import { createUndiciDispatchers } from '../lib/transports/undici-dispatchers.ts';
import { openBrowser } from './open-browser.ts';
import { findConfiguration } from './read-configuration.ts';
import { secretWriter, type WriteSecret } from './write-secret.ts';

type RefreshAuth = Extract<Connection['auth'], { type: 'oauth2-refresh-token' }>;

/** Signs a connection in: finds its authorization server, lets a person agree in a browser, stores the grant. Nothing is stored before all went well. */
export async function connect(options: ConnectOptions): Promise<ConnectResult> {
  const dispatchers = createUndiciDispatchers();
  try {
    const { configuration, directory } = findConfiguration(options.config);
    const { connection, auth } = connectionToSignIn(configuration.connections, options);
    const secrets = createLocalSecrets({ environment: options.env, base_directory: directory });
    const write = secretWriter(auth.refresh_token, directory);
    const client = await clientOf(auth, secrets);
    const { allow_http, allow_private_network } = connection;
    const found = await discoverServer(connection, { dispatchers, until_ms: performance.now() + 30_000 });
    if (!found.ok)
      return failed({
        ok: false,
        code: 'NO_SERVER',
        message: found.fault.message,
        passing: found.fault.type !== 'auth_failed',
      });
    const { server } = found;
    const listener = await listen(options.redirect_port);
    try {
      const begun = await beginConsent({
        server,
        client,
        redirect_uri: listener.redirect_uri,
        scope: auth.scope,
        way: { dispatchers, allow_http, allow_private_network },
      });
      if (!begun.ok) return failed(begun);
      const { consent } = begun;
      ask(options, consent.url);
      const returned = await answerOf(options, listener.returned(consent.state));
      if (!('href' in returned)) return returned;
      const agreed = await consent.finish(returned);
      return agreed.ok ? await stored({ options, auth, write, agreed, issuer: server.issuer }) : failed(agreed);
    } finally {
      await listener.close();
    }
  } catch (error) {
    if (error instanceof ConfigError) return wrongConfiguration(error);
    throw error;
  } finally {
    await dispatchers.close();
  }
}

function connectionToSignIn(connections: Record<string, Connection>, { connection: name }: ConnectOptions) {
  const connection = Object.hasOwn(connections, name) ? connections[name] : undefined;
  if (connection === undefined)
    throw new ConfigError(
      `there is no connection "${name}"; configured: ${Object.keys(connections).join(', ') || 'none'}`,
    );
  const { auth } = connection;
  if (auth.type !== 'oauth2-refresh-token')
    throw new ConfigError(
      `connection "${name}" has auth.type "${auth.type}", which nobody signs in to; only "oauth2-refresh-token" is`,
    );
  return { connection, auth };
}

/** The client that the configuration names, else none: then one is registered. */
async function clientOf({ client_id, client_secret }: RefreshAuth, secrets: Secrets): Promise<KnownClient | null> {
  if (client_id === undefined) return null;
  const id = isReference(client_id) ? await secrets.resolve(client_id) : client_id;
  return { client_id: id, client_secret: client_secret === undefined ? null : await secrets.resolve(client_secret) };
}

async function listen(port: number) {
  try {
    return await listenForRedirect(port);
  } catch (error) {
    throw new ConfigError(
      `127.0.0.1:${port} cannot be listened on (${error instanceof Error ? error.message : 'refused'}); take another --redirect-port, or 0 for any free one`,
    );
  }
}

function ask({ say, browser, pasted }: ConnectOptions, url: string): void {
  say(`Open this address in a browser and agree:\n\n  ${url}\n\n`);
  if (pasted !== undefined)
    say('Then paste the address that the browser ended at (it begins with http://127.0.0.1), and press Enter:\n');
  if (browser) openBrowser(url);
}

/** Whichever comes first: the browser, a pasted address, a signal, or the end of the wait. */
async function answerOf(options: ConnectOptions, returned: Promise<URL>): Promise<URL | ConnectResult> {
  const { interrupt, wait_ms, pasted } = options;
  const limit = AbortSignal.timeout(wait_ms);
  const over = AbortSignal.any([interrupt, limit]);
  const ended = new Promise<ConnectResult>((resolve) => {
    const end = (): void => resolve(limit.aborted && !interrupt.aborted ? tooLate(wait_ms) : interrupted(interrupt));
    if (over.aborted) end();
    over.addEventListener('abort', end, { once: true });
  });
  const typed = pasted === undefined ? [] : [pastedAddress(pasted, over)];
  return Promise.race([returned, ended, ...typed]);
}

async function pastedAddress(stream: NodeJS.ReadableStream, signal: AbortSignal): Promise<URL | ConnectResult> {
  const lines = createInterface({ input: stream, signal });
  for await (const line of lines) {
    if (line.trim() === '') continue;
    const url = URL.parse(line.trim());
    lines.close();
    if (url !== null) return url;
    break;
  }
  return failed({
    ok: false,
    code: 'NO_ADDRESS',
    message: 'stdin held no address; paste the whole address that the browser ended at, from http:// on',
    passing: false,
  });
}

type Storing = {
  options: ConnectOptions;
  auth: RefreshAuth;
  write: WriteSecret;
  agreed: Extract<Agreed, { ok: true }>;
  issuer: string;
};

async function stored({ options, auth, write, agreed, issuer }: Storing): Promise<ConnectResult> {
  await write(writeGrant(withoutConfigured(agreed.grant, auth)));
  return {
    ok: true,
    data: {
      connection: options.connection,
      issuer,
      client_id: agreed.grant.client_id,
      resource: agreed.grant.resource,
      scope: agreed.scope,
      stored_at: auth.refresh_token,
    },
  };
}

/** A client secret that the configuration points at is not kept a second time. */
function withoutConfigured(grant: GrantSecret, auth: RefreshAuth): GrantSecret {
  const { client_secret, ...rest } = grant;
  return auth.client_secret === undefined && client_secret !== undefined ? grant : rest;
}

const tooLate = (wait_ms: number): ConnectResult => ({
  ok: false,
  exit_code: exitCode.timed_out,
  error: {
    code: 'TIMEOUT',
    message: `nobody agreed within ${wait_ms / 1000} s; nothing was stored`,
    retryable: true,
    suggestion: 'Run it again; --wait-seconds gives more time.',
  },
});

const interrupted = ({ reason }: AbortSignal): ConnectResult => ({
  ok: false,
  exit_code: reason === 'SIGTERM' ? exitCode.terminated : exitCode.interrupted,
  error: {
    code: 'CANCELLED',
    message: `${reason === 'SIGTERM' ? 'SIGTERM' : 'SIGINT'} ended this command; nothing was stored.`,
    retryable: false,
    suggestion: 'Run it again when somebody can agree in a browser.',
  },
});

const failed = ({ code, message, passing }: Refused): ConnectResult => ({
  ok: false,
  exit_code: passing ? exitCode.unavailable : exitCode.precondition,
  error: {
    code,
    message: `${message}; nothing was stored`,
    retryable: passing,
    suggestion: passing ? 'Run it again in a while.' : 'Mend what the message says, and run it again.',
  },
});

const wrongConfiguration = (error: ConfigError): ConnectResult => ({
  ok: false,
  exit_code: exitCode.configuration,
  error: {
    code: 'CONFIG_ERROR',
    message: error.message,
    retryable: false,
    suggestion: 'Mend the connection in the configuration, and run it again.',
    ...(error.problems.length === 0 ? {} : { problems: error.problems }),
  },
});
