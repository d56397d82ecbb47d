import type { Client } from '@modelcontextprotocol/client';

/** What a server that speaks MCP says of itself; nothing of it is trusted. */
export type ToolServer = {
  answered: true;
  speaks: 'mcp';
  name: string;
  version: string;
  /** The protocol, by its date; those before 2026 have sessions. */
  protocol: string;
  tools: string[];
};

/** A server may go on listing for ever. */
const maxPages = 20;

/** A list of a hundred tools with their schemas is bigger than any status. */
export const maxListBytes = 2_097_152;

/** Reads name, protocol and tools of the server behind an open client. Throws what the client throws. */
export async function examineServer(client: Client, timeout_ms: () => number): Promise<ToolServer> {
  const { name = 'a server without a name', version = '?' } = client.getServerVersion() ?? {};
  const protocol = client.getNegotiatedProtocolVersion() ?? '?';
  const tools: string[] = [];
  let cursor: string | undefined;
  // Page by page: the client's own list tells its reader's stdout when a server has no tools.
  for (let page = 0; page < maxPages && client.getServerCapabilities()?.tools !== undefined; page += 1) {
    const request = { method: 'tools/list' as const, ...(cursor === undefined ? {} : { params: { cursor } }) };
    const listed = await client.request(request, { timeout: timeout_ms() });
    tools.push(...listed.tools.map((tool) => tool.name));
    cursor = listed.nextCursor;
    if (cursor === undefined) break;
  }
  return { answered: true, speaks: 'mcp', name, version, protocol, tools };
}
