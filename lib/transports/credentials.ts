import type { Auth, OauthAuth } from '../core/auth.ts';
import { ConfigError } from '../core/errors.ts';
import type { Death } from '../core/observation.ts';
import type { Fault, Secrets } from '../ports.ts';
import { createMarks } from './death.ts';
import { createRedactor, type Redactor } from './redact.ts';

/** What a connection sends to prove who it is. */
export type Credential = {
  /** Names and values in turn, names in lower case. */
  headers: readonly string[];
  /** The resolved secret, to see whether a refresh changed it. */
  value: string;
  /** Takes this secret, and those it replaced, out of remote text. */
  redactor: Redactor;
  /** What it amounts to that the remote system refuses it. */
  death(): Promise<Death>;
};

/** A connection's credential: read once, kept, read again on demand. Both throw ConfigError when there is no usable secret; a fault says why there is no token. */
export type CredentialSource = {
  /** The kept one, without a promise when there is one. */
  current(): Credential | Promise<Credential | Fault>;
  /** Reads the reference again, or fetches another token, once for all callers that saw `used` refused. */
  refresh(used: Credential): Promise<Credential | Fault>;
};

/** A source whose secret is the credential: it has it, or throws. */
type SecretSource = { current(): Credential | Promise<Credential>; refresh(used: Credential): Promise<Credential> };

const nothing: Credential = {
  headers: [],
  value: '',
  redactor: createRedactor([]),
  death: async () => ({ id: 'none', renew: 'it has none, give it an "auth"' }),
};
const remembered = 8;

/** The credentials of one connection whose secret is the credential. `name` is the connection's, for messages. */
export function createCredentialSource(name: string, auth: Exclude<Auth, OauthAuth>, secrets: Secrets): SecretSource {
  if (auth.type === 'none') return { current: () => nothing, refresh: async () => nothing };
  let kept: Credential | undefined;
  let loading: Promise<Credential> | undefined;
  let known: string[] = [];

  const markOf = createMarks(name);
  const death = async (value: string): Promise<Death> => ({
    id: `secret-${await markOf(value)}`,
    renew: `store a valid one at ${referenceOf(auth)}`,
  });
  const load = async (fresh: boolean): Promise<Credential> => {
    const { headers, value, hidden } = readAuth(name, auth, await secrets.resolve(referenceOf(auth), { fresh }));
    known = [...new Set([...hidden, ...known])].slice(0, remembered);
    kept = { headers, value, redactor: createRedactor(known), death: () => death(value) };
    return kept;
  };
  const loadOnce = (fresh: boolean): Promise<Credential> => {
    loading ??= load(fresh).finally(() => {
      loading = undefined;
    });
    return loading;
  };
  return {
    current: () => kept ?? loadOnce(false),
    refresh: async (used) => (kept !== undefined && kept !== used ? kept : loadOnce(true)),
  };
}

type SecretAuth = Exclude<Auth, OauthAuth | { type: 'none' }>;

const referenceOf = (auth: SecretAuth): string =>
  auth.type === 'bearer' ? auth.token : auth.type === 'api-key' ? auth.value : auth.password;

/** Header, value and every spelling to redact. */
function readAuth(
  name: string,
  auth: SecretAuth,
  value: string,
): { headers: string[]; value: string; hidden: string[] } {
  const refuse = (problem: string): never => {
    throw new ConfigError(`connection "${name}": the secret behind "auth" ${problem}`);
  };
  if (value === '') refuse('is empty; store the secret there');
  if (/\p{Cc}/u.test(value))
    refuse('has a line break or another control character; store the secret alone, on one line');
  if (auth.type === 'basic') {
    if (auth.username.includes(':') || /\p{Cc}/u.test(auth.username))
      refuse('belongs to a username with a colon or control character, which basic auth cannot carry');
    const pair = Buffer.from(`${auth.username}:${value}`).toString('base64');
    return { headers: ['authorization', `Basic ${pair}`], value, hidden: [pair, ...spellings(value)] };
  }
  if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value))
    refuse('has characters an HTTP header cannot carry, or a space at an end; store the plain token');
  if (auth.type === 'bearer') return { headers: ['authorization', `Bearer ${value}`], value, hidden: spellings(value) };
  return { headers: [auth.header.toLowerCase(), value], value, hidden: spellings(value) };
}

/** As it is, and as a URL would carry it. */
const spellings = (secret: string): string[] => [secret, encodeURIComponent(secret.toWellFormed())];
