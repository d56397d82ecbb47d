import { createHash } from 'node:crypto';
import type { OauthAuth } from '../../core/auth.ts';
import { isReference } from '../../core/auth-references.ts';
import type { Connection } from '../../core/configuration.ts';
import { ConfigError } from '../../core/errors.ts';
import type { Secrets } from '../../ports.ts';
import { type GrantSecret, readGrant } from './grant-secret.ts';

/** A connection whose tokens come from an authorization server. */
export type OauthConnection = Connection & { auth: OauthAuth };

/** Who asks for tokens, as the secrets have it now. */
export type OauthClient = {
  client_id: string;
  client_secret: string | null;
  /** What a person granted; null for client credentials. `text`: the secret as it is stored. */
  grant: (GrantSecret & { reference: string; text: string }) | null;
  /** Changes when any of the secrets does. */
  secrets_hash: string;
};

/** SHA-256: tells tokens apart without showing them, as they are long and random. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

/** Reads the secrets of a connection afresh. Throws ConfigError, never naming a value. */
export async function readClient(name: string, auth: OauthAuth, secrets: Secrets): Promise<OauthClient> {
  const read = async (reference: string): Promise<string> => {
    const text = (await secrets.resolve(reference, { fresh: true })).trim();
    if (text === '' || /\p{Cc}/u.test(text.startsWith('{') ? '' : text))
      throw new ConfigError(`connection "${name}": the secret "${reference}" is empty or has several lines`);
    return text;
  };
  const plain = async (text: string): Promise<string> => (isReference(text) ? read(text) : text);
  const grant = auth.type === 'oauth2-refresh-token' ? await readStored(name, auth.refresh_token, read) : null;
  const client_id = auth.client_id === undefined ? grant?.client_id : await plain(auth.client_id);
  if (client_id === undefined)
    throw new ConfigError(
      `connection "${name}": neither "auth" nor the stored grant has a client_id; run "untildone connect ${name}", or add one`,
    );
  const client_secret =
    auth.client_secret === undefined ? (grant?.client_secret ?? null) : await read(auth.client_secret);
  const secrets_hash = hashOf(JSON.stringify([client_id, client_secret, grant?.refresh_token ?? null]));
  return { client_id, client_secret, grant, secrets_hash };
}

async function readStored(
  name: string,
  reference: string,
  read: (reference: string) => Promise<string>,
): Promise<OauthClient['grant']> {
  const text = await read(reference);
  const grant = readGrant(text);
  if (grant === undefined)
    throw new ConfigError(
      `connection "${name}": the secret "${reference}" is an object without a "refresh_token"; run "untildone connect ${name}"`,
    );
  return { ...grant, reference, text };
}
