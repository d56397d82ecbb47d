import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';
import type { ApiWorld } from './api-world.ts';

/** What a tool said: is it an error, its two texts, its structured content. */
export type Said = { error: boolean; brief: Record<string, unknown>; sentence: string; structured: unknown };

/** The official client on the API of a world, as `owner`. */
export async function mcpClient(api: ApiWorld, mode: VersionNegotiationMode = 'auto', owner = 'me') {
  const statuses: string[] = [];
  const transport = new StreamableHTTPClientTransport(new URL('http://127.0.0.1:4646/mcp'), {
    requestInit: { headers: { 'x-owner': owner } },
    fetch: async (url, init) => {
      const response = await api.fetch(new Request(url, init));
      statuses.push(`${init?.method} ${response.status}`);
      return response;
    },
  });
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(transport);
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<Said> => {
    const { content, isError = false, structuredContent } = await client.callTool({ name, arguments: args });
    const [json, sentence] = content.map((block) => (block.type === 'text' ? block.text : ''));
    return { error: isError, brief: JSON.parse(json ?? ''), sentence: sentence ?? '', structured: structuredContent };
  };
  return { client, call, statuses };
}
