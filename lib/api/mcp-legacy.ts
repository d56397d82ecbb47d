import { type AuthInfo, type Server, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';

/**
 * Serves one request of a 2025-era client, with a server of its own and no session. The library's own fallback for that era answers
 * with an event stream; this is the same with one JSON document, which anything that speaks HTTP can read.
 */
export async function answerLegacy(
  server: Server,
  request: Request,
  given: { parsedBody: unknown; authInfo: AuthInfo },
): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  try {
    // Resolves with the whole document, so that nothing is left to come.
    return await transport.handleRequest(request, given);
  } finally {
    await server.close();
  }
}
