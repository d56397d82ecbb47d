import type { HonoRequest } from 'hono';
import { RequestError } from '../core/errors.ts';

/** 64 KB. */
export const maxBodyBytes = 65_536;
/** Deeper bodies are no job's; a recursive reader must not run out of stack on them. */
const maxBodyNesting = 64;

const jsonType = /^application\/([\w.!#$&^+-]+\+)?json\s*(;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i;

/** The parsed JSON body, untouched; undefined when there is none. Throws RequestError INVALID_REQUEST, BODY_TOO_LARGE. */
export async function readJsonBody(request: HonoRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0) return undefined;
  checkContentType(request.header('content-type'));
  const value = parseJson(decodeUtf8(bytes));
  if (nestsDeeperThan(value, maxBodyNesting))
    throw new RequestError('INVALID_REQUEST', `the body nests deeper than ${maxBodyNesting} levels`);
  return value;
}

function checkContentType(type: string | undefined): void {
  if (type === undefined) return;
  if (!jsonType.test(type))
    throw new RequestError(
      'INVALID_REQUEST',
      `the content type is ${JSON.stringify(type.slice(0, 120))}; send application/json`,
    );
  const encoding = charset.exec(type)?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(encoding))
    throw new RequestError(
      'INVALID_REQUEST',
      `the charset is ${JSON.stringify(encoding.slice(0, 40))}; send JSON in UTF-8`,
    );
}

/** Servers hold a body to its declared length, so that only one without is counted as it comes in. */
async function readBytes(request: HonoRequest): Promise<ArrayBuffer | Uint8Array> {
  const declared = request.header('content-length');
  if (declared !== undefined && Number(declared) > maxBodyBytes) throw tooLarge();
  const bytes =
    declared === undefined ? await readCounted(request.raw.body) : await unlessCutOff(() => request.raw.arrayBuffer());
  if (bytes.byteLength > maxBodyBytes) throw tooLarge();
  return bytes;
}

async function readCounted(body: ReadableStream<Uint8Array> | null): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await unlessCutOff(() => reader.read());
    if (done) break;
    length += value.byteLength;
    if (length > maxBodyBytes) {
      // Nobody waits for the sender to agree.
      reader.cancel().catch(() => undefined);
      throw tooLarge();
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

async function unlessCutOff<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    throw new RequestError('INVALID_REQUEST', 'the body broke off before its end', { cause });
  }
}

const tooLarge = (): RequestError =>
  new RequestError('BODY_TOO_LARGE', `the body is larger than ${maxBodyBytes} bytes`);

const decoder = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: ArrayBuffer | Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new RequestError('INVALID_REQUEST', 'the body is not UTF-8', { cause });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The parser's own words quote the body, which may hold what nobody should log.
    throw new RequestError('INVALID_REQUEST', 'the body is not JSON', { cause });
  }
}

function nestsDeeperThan(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  return levels === 0 || Object.values(value).some((item) => nestsDeeperThan(item, levels - 1));
}
