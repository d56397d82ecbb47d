import type { Auth, OauthAuth } from './auth.ts';

/** `env:NAME`, `file:PATH`, `secretsmanager:ARN[#key]`, `ssm:NAME`. */
export const referencePattern = /^(env|file|secretsmanager|ssm):.+$/;

/** Whether a text that may be written plainly is a reference all the same. */
export const isReference = (text: string): boolean => referencePattern.test(text);

/** True for what gets its tokens from an authorization server. */
export const isOauth = (auth: Auth): auth is OauthAuth =>
  auth.type === 'oauth2-client-credentials' || auth.type === 'oauth2-refresh-token';

const secretKeys: ReadonlySet<string> = new Set(['token', 'value', 'password', 'client_secret', 'refresh_token']);

/** Every reference in a connection's `auth`, and its key. */
export const authReferences = (auth: Auth): { key: string; reference: string }[] =>
  Object.entries(auth).flatMap(([key, text]) =>
    text !== undefined && (secretKeys.has(key) || (key === 'client_id' && isReference(text)))
      ? [{ key, reference: text }]
      : [],
  );
