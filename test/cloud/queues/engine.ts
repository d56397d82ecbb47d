import type { IncomingHttpHeaders } from 'node:http';
import type { FauxqsServer } from 'fauxqs';
import type { GuardedAnswer } from './guard.ts';

/** The engine behind the front: queues and topics of fauxqs, spoken to in its own protocols. */
export type Engine = {
  /** AWS JSON 1.0, as SQS speaks it. */
  sqs(action: string, body: unknown, headers: IncomingHttpHeaders, signal?: AbortSignal): Promise<GuardedAnswer>;
  /** Query protocol, as SNS speaks it. */
  sns(form: URLSearchParams, headers: IncomingHttpHeaders): Promise<GuardedAnswer>;
};

/** The region is read off the signature, so that it is handed on. */
const signed = (headers: IncomingHttpHeaders): Record<string, string> =>
  headers.authorization === undefined ? {} : { authorization: headers.authorization };

export function createEngine({ port }: Pick<FauxqsServer, 'port'>): Engine {
  async function post(init: RequestInit, errorIn: (body: string) => string | undefined): Promise<GuardedAnswer> {
    const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', ...init });
    const body = await response.text();
    const headers: Record<string, string> = {};
    for (const name of ['content-type', 'x-amzn-query-error']) {
      const value = response.headers.get(name);
      if (value !== null) headers[name] = value;
    }
    return { status: response.status, headers, body, error: response.ok ? null : (errorIn(body) ?? 'unknown') };
  }
  return {
    sqs: (action, body, headers, signal) =>
      post(
        {
          headers: {
            ...signed(headers),
            'content-type': 'application/x-amz-json-1.0',
            'x-amz-target': `AmazonSQS.${action}`,
          },
          body: JSON.stringify(body),
          ...(signal === undefined ? {} : { signal }),
        },
        (text) => /"__type":"(?:[^"#]*#)?([^"]+)"/.exec(text)?.[1],
      ),
    sns: (form, headers) =>
      post({ headers: signed(headers), body: form }, (text) => /<Code>([^<]+)<\/Code>/.exec(text)?.[1]),
  };
}
