import type { ApiRequest } from '../../lib/api/api-request.ts';
import type { Api } from '../../lib/api/create-api.ts';

/** The API as one asks it over the network, with a web-standard Request and no network. */
export const fetchOf =
  (api: Api) =>
  async (request: Request): Promise<Response> => {
    const { status, headers, text } = await api(requestIn(request));
    return new Response(text, { status, headers });
  };

function requestIn(request: Request): ApiRequest {
  const url = new URL(request.url);
  return {
    method: request.method,
    path: url.pathname,
    query: url.search.slice(1),
    host: request.headers.get('host') ?? url.host,
    headers: Object.fromEntries(request.headers),
    bytes: (most_bytes) => read(request.body, most_bytes),
  };
}

/** Piece by piece, as a server reads: what is too long is not read to its end. */
async function read(body: ReadableStream<Uint8Array> | null, most_bytes: number): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > most_bytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
