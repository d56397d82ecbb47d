import { generateKeyPairSync, sign } from 'node:crypto';

const der = (tag: number, ...parts: (Buffer | string)[]): Buffer => {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)));
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
};
const sequence = (...parts: (Buffer | string)[]): Buffer => der(0x30, ...parts);
const algorithm = sequence('06082a8648ce3d040302'); // ecdsa-with-SHA256
const commonName = (name: string): Buffer => sequence(der(0x31, sequence('0603550403', der(0x0c, Buffer.from(name))))); // 2.5.4.3
const extension = (id: string, value: Buffer): Buffer => sequence(id, der(0x04, value));

/** A certificate for `name` that signs itself, made anew so that no key lies in the repository; PEM. */
export function aCertificate(name: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const valid = sequence(...['200101000000Z', '491231235959Z'].map((time) => der(0x17, Buffer.from(time))));
  const extensions = sequence(
    extension('0603551d11', sequence(der(0x82, Buffer.from(name)))), // subjectAltName: dNSName
    extension('0603551d13', sequence(der(0x01, 'ff'))), // basicConstraints: a CA
  );
  const body = sequence(
    der(0xa0, '020102'),
    '020101',
    algorithm,
    commonName(name),
    valid,
    commonName(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const whole = sequence(body, algorithm, der(0x03, '00', sign('sha256', body, privateKey)));
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`,
  };
}
