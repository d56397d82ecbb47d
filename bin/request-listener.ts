import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { ApiAnswer } from '../lib/api/answer.ts';
import type { Api } from '../lib/api/create-api.ts';
import { createEndOfTurn } from './end-of-turn.ts';
import { collectBody, limitRest } from './request-body.ts';
import { createReadTarget } from './request-target.ts';

/** Serves the API on Node's own server, with nothing between them. `log` hears of faults of ours, which end one request and no more. */
export function createRequestListener(api: Api, log: (line: string) => void): RequestListener {
  const readTarget = createReadTarget();
  const endOfTurn = createEndOfTurn();
  // Those who ask at the same time are served side by side.
  return (incoming, response) =>
    void endOfTurn()
      .then(() => serve(incoming, response))
      .catch((error) => {
        log(`a request could not be answered: ${error instanceof Error ? error.stack : String(error)}`);
        response.destroy();
      });

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = incoming;
    const target = readTarget(incoming.url ?? '', headers.host);
    const answered =
      target === undefined
        ? notAnAddress
        : await api({ method, ...target, headers, bytes: (most_bytes) => collectBody(incoming, most_bytes) });
    if (!incoming.complete) response.once('finish', () => limitRest(incoming));
    write(response, answered);
  }
}

const notAnAddress: ApiAnswer = { status: 400, headers: {}, text: '' };

/** Head and text leave in one write. Text in ASCII is the same bytes in Latin-1, which Node writes for less than UTF-8. */
function write(response: ServerResponse, { status, headers, text }: ApiAnswer): void {
  if (text === null) {
    response.writeHead(status, headers).end();
    return;
  }
  const length = Buffer.byteLength(text);
  response.writeHead(status, { ...headers, 'content-length': length });
  response.end(text, length === text.length ? 'latin1' : 'utf8');
}
