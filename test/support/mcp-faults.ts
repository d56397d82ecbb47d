import { brokenOff } from '../transports/mcp-world.ts';
import type { McpFault, ToolCall } from './guarded-octoperf.ts';

/* Whatever goes wrong says the token aloud, as careless servers do. */

const headers = { 'content-type': 'application/json' };
const json = (body: unknown, status = 200, more: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { ...headers, ...more } });
const rpcError =
  (code: number): McpFault =>
  ({ id, token }) =>
    json({ jsonrpc: '2.0', id, error: { code, message: `no luck with ${token}` } });
const redirect =
  (status: number, to: (call: ToolCall) => string): McpFault =>
  (call) =>
    new Response(null, { status, headers: { location: to(call) } });
const rewritten =
  (change: (text: string, call: ToolCall) => string): McpFault =>
  async (call) => {
    const answered = await call.serve();
    return new Response(change(await answered.text(), call), { headers: answered.headers });
  };
const toForeign = ({ octoperf: { foreign }, token }: ToolCall): string => `${foreign.origin}/mcp?token=${token}`;

/** Done, and then the fault. */
export const afterwards =
  (fault: McpFault): McpFault =>
  async (call) => {
    await call.serve();
    return fault(call);
  };

/** What a server that speaks MCP, or what stands before it, can do to one call of a tool. */
export const mcpFaults = {
  internalError: ({ token }) => json({ error: `it broke at ${token}` }, 500),
  tooMany: ({ token }) => json({ error: `${token} calls too often` }, 429, { 'retry-after': '20' }),
  forbidden: ({ token }) => json({ error: `${token} may not` }, 403),
  hang: () => new Promise<Response>(() => undefined),
  reset: () => brokenOff,
  malformed: ({ id, token }) => new Response(`{"jsonrpc":"2.0","id":${id},"result":{"token":"${token}`, { headers }),
  html: ({ token }) =>
    new Response(`<html>log in, ${token}</html>`, { headers: { 'content-type': 'text/html; charset=utf-8' } }),
  huge: ({ id, token }) =>
    json({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: token.repeat(20_000) }] } }),
  otherRequest: rewritten((text) => text.replace(/("jsonrpc":"2\.0",)?"id":\d+/, '$1"id":"another"')),
  otherRun: rewritten((text, { token }) => text.replaceAll(/br-\d+/g, `run-of-${token}`)),
  toolError: async ({ tool, token, serve, octoperf: { remote } }) => {
    remote.refuse[tool] = `502 from the backend, asked as Bearer ${token}`;
    const answered = await serve();
    delete remote.refuse[tool];
    return answered;
  },
  rpcError: rpcError(-32603),
  rpcRefusal: rpcError(-32602),
  noSuchTool: rpcError(-32601),
  lostSession: ({ serve, octoperf }) => {
    octoperf.loseSessions();
    return serve();
  },
  redirectHome: redirect(307, () => '/mcp'),
  redirectAbroad: redirect(307, toForeign),
  seeAbroad: redirect(303, toForeign),
  forgottenToken: ({ octoperf: { authorization } }) => {
    authorization.forgetAccess();
    return new Response(null, { status: 401 });
  },
  revoked: ({ token, octoperf: { authorization } }) => {
    authorization.revoke();
    return json({ error: `${token} is over` }, 401);
  },
} satisfies Record<string, McpFault>;
