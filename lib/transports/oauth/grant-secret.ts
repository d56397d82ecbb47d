/**
 * What the secret behind `refresh_token` holds: the bare token, or a JSON object with what belongs to it, as a registered client
 * has no other place for its id. The connection's own fields win over these.
 */
export type GrantSecret = {
  refresh_token: string;
  client_id?: string;
  client_secret?: string;
  /** Where it was found when a person agreed: no later answer of the remote system can lead the token elsewhere. */
  token_url?: string;
  /** What it was asked for (RFC 8707). */
  resource?: string;
};

const fields = ['client_id', 'client_secret', 'token_url', 'resource'] as const;

/** Reads the secret; undefined when it is an object without a `refresh_token`. */
export function readGrant(text: string): GrantSecret | undefined {
  const object = objectIn(text);
  if (object === undefined) return { refresh_token: text };
  const { refresh_token } = object;
  if (typeof refresh_token !== 'string' || refresh_token === '') return undefined;
  const grant: GrantSecret = { refresh_token };
  for (const field of fields) {
    const value = object[field];
    if (typeof value === 'string' && value !== '') grant[field] = value;
  }
  return grant;
}

/** The same secret with another refresh token, in the form it had; whatever else an object holds stays. */
export function withRefreshToken(text: string, refresh_token: string): string {
  const object = objectIn(text);
  return object === undefined ? refresh_token : JSON.stringify({ ...object, refresh_token });
}

/** A new secret, as it is stored once a person has agreed. */
export const writeGrant = (grant: GrantSecret): string => JSON.stringify(grant);

function objectIn(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
