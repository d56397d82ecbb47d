import { setTimeout as wait } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client';

/** What a tool answered: is it an error, and its JSON, or its words. */
export type Said = { error: boolean; value: Record<string, unknown>; words: string };

/** The official client on the MCP face of a service. Close it. */
export async function toolsOf(
  service: string,
  mode: VersionNegotiationMode = 'auto',
  headers: Record<string, string> = {},
) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${service}/mcp`), { requestInit: { headers } }));
  const call = async (name: string, args: Record<string, unknown> = {}): Promise<Said> => {
    const { content, isError = false } = await client.callTool({ name, arguments: args });
    const [first] = content;
    const words = first?.type === 'text' ? first.text : '';
    return { error: isError, value: isError ? {} : JSON.parse(words), words };
  };
  /** Asks every 25 ms until the answer looks as wanted; the test's own timeout is the limit. */
  async function until(
    name: string,
    args: Record<string, unknown>,
    wanted: (value: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const { value } = await call(name, args);
      if (wanted(value)) return value;
      await wait(25);
    }
  }
  return { client, call, until, close: () => client.close() };
}

/** Tells a terminal bench result. */
export const ended = ({ state }: Record<string, unknown>): boolean =>
  ['FINISHED', 'ABORTED', 'ERROR'].includes(String(state));
