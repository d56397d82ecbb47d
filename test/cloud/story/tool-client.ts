import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export type ToolClient = {
  /** Calls a tool; rejects when it answers an error. Resolves to its structured content. */
  call: (tool: string, given?: Record<string, unknown>) => Promise<Record<string, unknown>>;
  close: () => Promise<void>;
};

/** The official client, on the `/mcp` of an HTTP API. Close it. */
export async function toolClient(api_url: string): Promise<ToolClient> {
  const client = new Client({ name: 'story', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', api_url)));
  // From now on the client checks every answer against its output schema.
  await client.listTools();
  return {
    call: async (name, given = {}) => {
      const { isError, content, structuredContent } = await client.callTool({ name, arguments: given });
      if (isError === true) throw new Error(`${name} answered ${JSON.stringify(content)}`);
      return Object(structuredContent);
    },
    close: () => client.close(),
  };
}
