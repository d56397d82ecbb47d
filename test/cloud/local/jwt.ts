import { createPublicKey, type JsonWebKey, verify } from 'node:crypto';

export type Claims = Record<string, unknown>;
export type Verified = { ok: true; claims: Claims } | { ok: false; why: string };
export type JwtRules = {
  issuer: string;
  audience: readonly string[];
  now_ms: number;
  /** The issuer's keys. */
  keys: readonly (JsonWebKey & { kid?: string })[];
};

/** RSA only, as API Gateway has it. */
const digests: Record<string, string> = { RS256: 'sha256', RS384: 'sha384', RS512: 'sha512' };

/**
 * Looks at a token as API Gateway's JWT authorizer does: its signature by the issuer's key that it names, its issuer, whom it
 * is for, and its times.
 *
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
 */
export function verifyJwt(token: string, { issuer, audience, now_ms, keys }: JwtRules): Verified {
  const [head = '', payload = '', signature = '', ...more] = token.split('.');
  const [header, claims] = [partIn(head), partIn(payload)];
  if (header === null || claims === null || more.length > 0) return { ok: false, why: 'the token is malformed' };
  const digest = digests[String(header['alg'])];
  if (digest === undefined) return { ok: false, why: 'the algorithm is not supported' };
  const jwk = keys.find(({ kid }) => kid === header['kid']);
  if (jwk === undefined) return { ok: false, why: 'no key of the issuer has this id' };
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  if (!verify(digest, Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url')))
    return { ok: false, why: 'the signature is wrong' };
  if (claims['iss'] !== issuer) return { ok: false, why: 'the token is of another issuer' };
  const meant = [claims['aud'] ?? claims['client_id']].flat();
  if (!meant.some((one) => audience.includes(String(one)))) return { ok: false, why: 'the token is for somebody else' };
  const now_s = now_ms / 1000;
  const { exp, nbf = 0, iat = 0 } = claims;
  if (!(Number(exp) > now_s)) return { ok: false, why: 'the token has expired' };
  if (!(Number(nbf) <= now_s && Number(iat) <= now_s)) return { ok: false, why: 'the token is not valid yet' };
  return { ok: true, claims };
}

function partIn(text: string): Claims | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
