import type { IncomingHttpHeaders } from 'node:http';
import type { FaultType } from '../core/kind.ts';
import type { Dispatchers, DispatchRequest } from './dispatchers.ts';
import { faultWords, typeOfError } from './exchange-error.ts';
import { ConnectError } from './safe-connect.ts';

/** One request on a guarded way out, bounded in time and size. */
export type ExchangeRequest = DispatchRequest & {
  dispatchers: Dispatchers;
  /** For the whole exchange: connecting, waiting and the last byte of the body, ms. */
  limit_ms: number;
  max_bytes: number;
  /** True answers as soon as the head is there, with an empty text; the body is read away within the same limits. */
  ignore_body?: boolean;
};
export type Exchanged =
  | { ok: true; http_status: number; headers: IncomingHttpHeaders; text: string }
  | { ok: false; type: FaultType; sent: boolean; message: string };

const textOf = (chunks: readonly Buffer[]): string => {
  const [first] = chunks;
  if (first === undefined) return '';
  return (chunks.length === 1 ? first : Buffer.concat(chunks)).toString('utf8');
};

/** Sends a request and reads the whole answer. Never rejects; `sent` is false only where not a byte of the request left. */
export function exchange(request: ExchangeRequest): Promise<Exchanged> {
  if (request.limit_ms <= 0) {
    const message = `${request.method} ${request.origin}: no time left to send it`;
    return Promise.resolve({ ok: false, type: 'timeout', sent: false, message });
  }
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const chunks: Buffer[] = [];
  let sent = false;
  let giveUp: (() => void) | undefined;
  let settled = false;
  let finished = false;
  let head: { http_status: number; headers: IncomingHttpHeaders } | undefined;
  let bytes = 0;

  const settle = (outcome: Exchanged): void => {
    if (settled) return;
    settled = true;
    resolve(outcome);
  };
  const finish = (): void => {
    finished = true;
    clearTimeout(timer);
  };
  const fail = (type: FaultType, detail: string): void => {
    if (finished) return;
    finish();
    settle({
      ok: false,
      type,
      sent,
      message: `${request.method} ${request.origin}: ${detail}`,
    });
    giveUp?.();
  };
  const tooLarge = (): void =>
    fail('too_large', `the answer is larger than ${request.max_bytes} bytes and was cut off`);
  const timer = setTimeout(
    () => fail('timeout', `no complete answer within ${Math.round(request.limit_ms)} ms`),
    request.limit_ms,
  );

  giveUp = request.dispatchers.dispatch(request, {
    started: () => {
      sent = true;
    },
    head: (http_status, headers) => {
      if (finished) return;
      head = { http_status, headers };
      if (request.ignore_body) settle({ ok: true, ...head, text: '' });
      if (Number(headers['content-length'] ?? 0) > request.max_bytes) tooLarge();
    },
    chunk: (chunk) => {
      if (finished) return;
      bytes += chunk.length;
      if (bytes > request.max_bytes) tooLarge();
      else if (!request.ignore_body) chunks.push(chunk);
    },
    ended: () => {
      if (finished || head === undefined) return;
      finish();
      settle({ ok: true, ...head, text: textOf(chunks) });
    },
    failed: (error) => {
      if (error instanceof ConnectError) return fail(error.type, error.message);
      const type = typeOfError(error, { sent, secure: request.origin.startsWith('https:') });
      fail(type, faultWords(type, error));
    },
  });
  return promise;
}
