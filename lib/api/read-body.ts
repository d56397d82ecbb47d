import { RequestError } from '../core/errors.ts';
import { type ApiRequest, headerOf } from './api-request.ts';

/** 64 KB. */
export const maxBodyBytes = 65_536;
/** Deeper bodies are no job's; a recursive reader must not run out of stack on them. */
const maxBodyNesting = 64;

const jsonType = /^application\/([\w.!#$&^+-]+\+)?json\s*(;|$)/i;
const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i;

/** The parsed JSON body, untouched; undefined when there is none. Throws RequestError INVALID_REQUEST, BODY_TOO_LARGE. */
export async function readJsonBody(request: ApiRequest): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.byteLength === 0) return undefined;
  checkContentType(headerOf(request, 'content-type'));
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

async function readBytes(request: ApiRequest): Promise<Uint8Array> {
  if (Number(headerOf(request, 'content-length') ?? 0) > maxBodyBytes) throw tooLarge();
  const bytes = await request.bytes(maxBodyBytes).catch((cause) => {
    throw new RequestError('INVALID_REQUEST', 'the body broke off before its end', { cause });
  });
  if (bytes === undefined) throw tooLarge();
  return bytes;
}

const tooLarge = (): RequestError =>
  new RequestError('BODY_TOO_LARGE', `the body is larger than ${maxBodyBytes} bytes`);

const decoder = new TextDecoder('utf-8', { fatal: true });

function decodeUtf8(bytes: Uint8Array): string {
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

/** Without a list for each object: it looks at every body. */
function nestsDeeperThan(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) return value.some((item) => nestsDeeperThan(item, levels - 1));
  for (const name in value) if (nestsDeeperThan(Reflect.get(value, name), levels - 1)) return true;
  return false;
}
