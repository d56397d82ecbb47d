import { createHash, createHmac } from 'node:crypto';
import { exitCode } from './exit-codes.ts';
import { failure, type Outcome } from './outcome.ts';
import { credentialTrouble } from './signing-failures.ts';

/** A request as it will be sent; `url` is written in the one way that a signature allows. */
export type Unsigned = { method: string; url: URL; headers: Record<string, string>; body: string | undefined };

/** Who signs, in words that hold no secret. */
export type Identity = { region: string; access_key: string; temporary: boolean; account: string | undefined };

/** Signs requests with AWS Signature Version 4. What keeps it from that is an outcome. */
export type Signer = {
  sign(request: Unsigned, now_ms: number): Promise<Signed<Record<string, string>>>;
  identity(): Promise<Signed<Identity>>;
};
export type Signed<T> = { ok: true; value: T } | { ok: false; outcome: Outcome };

/** What signing needs beside this package; installed by those who want it. Versions: the dev dependencies. */
export const signingPackages = ['@smithy/signature-v4@5.7.5', '@aws-sdk/credential-provider-node@3.972.97'] as const;

/** A signer for the API Gateway of one region. Nothing is loaded and no credential looked for before the first request. */
export function createSigner(region: string, env: NodeJS.ProcessEnv): Signer {
  let loaded: Promise<Packages | undefined> | undefined;
  const withCredentials = async <T>(
    use: (packages: Packages, credentials: Credentials) => Promise<T>,
  ): Promise<Signed<T>> => {
    loaded ??= load();
    const packages = await loaded;
    if (packages === undefined) return { ok: false, outcome: notInstalled() };
    let credentials: Credentials;
    try {
      // Kept by the provider until they are about to expire.
      credentials = await packages.credentials();
    } catch (error) {
      return { ok: false, outcome: credentialTrouble(error, env) };
    }
    return { ok: true, value: await use(packages, credentials) };
  };
  return {
    sign: (request, now_ms) =>
      withCredentials(async ({ SignatureV4 }, credentials) => {
        spellStrictly(request.url);
        const signer = new SignatureV4({ service: 'execute-api', region, credentials, sha256: Sha256 });
        const { hostname, host, pathname, protocol, searchParams } = request.url;
        const query: Record<string, string[]> = {};
        for (const [name, value] of searchParams) query[name] = [...(query[name] ?? []), value];
        const signed = await signer.sign(
          {
            method: request.method,
            protocol,
            hostname,
            path: pathname,
            query,
            headers: { ...request.headers, host },
            body: request.body,
          },
          { signingDate: new Date(now_ms) },
        );
        // `fetch` sets the host itself, to the same.
        const { host: _, ...headers } = signed.headers;
        return headers;
      }),
    identity: () =>
      withCredentials(async (_, { accessKeyId, accountId, sessionToken }) => ({
        region,
        access_key: `${accessKeyId.slice(0, 4)}…${accessKeyId.slice(-4)}`,
        temporary: sessionToken !== undefined,
        account: accountId,
      })),
  };
}

type Packages = {
  SignatureV4: typeof import('@smithy/signature-v4').SignatureV4;
  credentials: ReturnType<typeof import('@aws-sdk/credential-provider-node').defaultProvider>;
};
type Credentials = Awaited<ReturnType<Packages['credentials']>>;

/** Undefined when a package is not there. Loaded on demand: every other way of calling the API does without. */
async function load(): Promise<Packages | undefined> {
  try {
    const [{ SignatureV4 }, { defaultProvider }] = await Promise.all([
      import('@smithy/signature-v4'),
      import('@aws-sdk/credential-provider-node'),
    ]);
    return { SignatureV4, credentials: defaultProvider() };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

const notInstalled = (): Outcome =>
  failure(exitCode.auth_required, {
    code: 'SIGNING_NOT_INSTALLED',
    message: 'This endpoint wants requests signed with AWS credentials, and the packages for that are not installed.',
    retryable: false,
    phase: 'execution',
    suggestion: 'Install the two packages, or set UNTILDONE_TOKEN.',
    fix_required: 'Install them where untildone is installed (with -g, if it was), or set UNTILDONE_TOKEN.',
    fix_command: `npm install ${signingPackages.join(' ')}`,
  });

/**
 * What is signed is the strict form of RFC 3986; URLs leave `!'()*` as they are and write a space in a query as `+`. What is
 * sent must be what was signed.
 */
function spellStrictly(url: URL): void {
  url.search = [...url.searchParams].map((pair) => pair.map(strictly).join('=')).join('&');
  url.pathname = url.pathname.replace(/[!'()*]/g, inHex);
}
const inHex = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
const strictly = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, inHex);

type Bytes = string | ArrayBuffer | ArrayBufferView;
const bytesOf = (bytes: Bytes): Uint8Array =>
  typeof bytes === 'string'
    ? Buffer.from(bytes)
    : ArrayBuffer.isView(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : new Uint8Array(bytes);

/** SHA-256, or HMAC with it, as the signer asks for it: a constructor. */
class Sha256 {
  readonly #secret: Bytes | undefined;
  #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>;
  constructor(secret?: Bytes) {
    this.#secret = secret;
    this.#hash = this.#begin();
  }
  #begin() {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(this.#secret));
  }
  update(chunk: Uint8Array): void {
    this.#hash.update(chunk);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
  reset(): void {
    this.#hash = this.#begin();
  }
}
