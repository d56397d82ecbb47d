import { createHash, createHmac } from 'node:crypto';
import type { Asked } from './scripted-server.ts';

/*
 * AWS Signature Version 4 a second time, from its specification and from what came over the wire, so that the library that signs is
 * not its own witness. Source: docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const strictly = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
const byValue = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

/** The parts of an `Authorization` header, and whether the signature is that of the request it came with. */
export function signatureOf(asked: Asked, secret: string) {
  const header = String(asked.headers['authorization'] ?? '');
  const [, access_key = '', scope = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(header) ?? [];
  const [day = '', region = '', service = '', end = ''] = scope.split('/');
  const [path = '', query = ''] = asked.target.split('?');
  const signed = names.split(';');
  const canonical = [
    asked.method,
    // Every service but S3 takes the path as it came, encoded once more.
    path.split('/').map(strictly).join('/'),
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('='))
      // As the gateway reads and writes them again.
      .map(([name = '', value = '']) => `${strictly(decodeURIComponent(name))}=${strictly(decodeURIComponent(value))}`)
      .sort(byValue)
      .join('&'),
    ...signed.map((name) => `${name}:${String(asked.headers[name]).trim().replace(/ +/g, ' ')}`),
    '',
    names,
    hash(asked.text),
  ].join('\n');
  const date = String(asked.headers['x-amz-date']);
  const key = [day, region, service, end].reduce<string | Buffer>(
    (secretSoFar, part) => hmac(secretSoFar, part),
    `AWS4${secret}`,
  );
  const expected = hmac(key, ['AWS4-HMAC-SHA256', date, scope, hash(canonical)].join('\n')).toString('hex');
  return { access_key, region, service, date, signed, valid: signature !== '' && signature === expected };
}
