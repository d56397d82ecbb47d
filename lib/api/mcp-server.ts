import {
  type CallToolResult,
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
} from '@modelcontextprotocol/server';
import { RequestError } from '../core/errors.ts';
import { whatIsTold } from './answer-errors.ts';
import type { ApiOptions, McpEndpoint } from './api-options.ts';
import { type ApiHeaders, headerOf } from './api-request.ts';
import { answerOf, refusalOf } from './mcp-answers.ts';
import { answerLegacy } from './mcp-legacy.ts';
import { createToolbox, type Toolbox } from './mcp-tools.ts';

const instructions =
  'Hand a long-running job over with job_start (or job_adopt, if it runs already); it is checked until it is done. Do not poll: end the turn and read job_events when you are told, or hold job_wait.';

/** The tool list does not change while we run, and is the same for everybody. */
const cacheHints = { 'tools/list': { ttlMs: 3_600_000, cacheScope: 'public' as const } };

/** The MCP server over Streamable HTTP, without sessions: each request is served by itself, to clients of 2025 and 2026 alike. */
export function createMcpEndpoint(options: ApiOptions): McpEndpoint {
  const served = { ...options, toolbox: createToolbox(options) };
  const handler = createMcpHandler(({ authInfo }) => serverFor(served, callerIn(authInfo?.extra)), {
    // No tool says anything before its result, so that every answer is one JSON document; `json` would warn on stderr that it is.
    responseMode: 'auto',
    legacy: 'reject',
    maxSubscriptions: 0,
    keepAliveMs: 0,
  });
  return async ({ headers, body, owner, request_id }) => {
    const request = new Request(address, { method: 'POST', headers: readableHeaders(headers) });
    const authInfo = { token: '', clientId: owner, scopes: [], extra: { owner, request_id } };
    return (await isLegacyRequest(request, body))
      ? answerLegacy(serverFor(served, { owner, request_id }), request, { parsedBody: body, authInfo })
      : handler.fetch(request, { parsedBody: body, authInfo });
  };
}

/** The library wants one, and looks at nothing in it: who may call, and under which name, is settled by then. */
const address = 'http://localhost/mcp';
/** What a web-standard header cannot hold. */
const strange = /[^\t\x20-\xff]/;

/**
 * The body is read already: who believed its length would wait for it. And whoever takes JSON takes every answer of ours, though
 * the library wants to hear that they would take an event stream too.
 */
function readableHeaders(headers: ApiHeaders): Headers {
  const readable = new Headers();
  for (const name of Object.keys(headers)) {
    const value = headerOf({ headers }, name) ?? '';
    if (name !== 'content-length' && name !== 'transfer-encoding' && !strange.test(value)) readable.set(name, value);
  }
  const accept = readable.get('accept') ?? '*/*';
  readable.set('accept', /application\/(json|\*)|\*\/\*/.test(accept) ? 'application/json, text/event-stream' : accept);
  return readable;
}

type Served = ApiOptions & { toolbox: Toolbox };
type Caller = { owner: string; request_id: string };

/** Fails closed, like the routes: a caller without a name owns nothing. */
function callerIn(extra: Record<string, unknown> | undefined): Caller {
  const { owner, request_id } = extra ?? {};
  if (typeof owner !== 'string' || owner === '' || typeof request_id !== 'string')
    throw new RequestError('UNAUTHENTICATED', 'the credentials name nobody');
  return { owner, request_id };
}

function serverFor(options: Served, caller: Caller): Server {
  const server = new Server(
    { name: 'untildone', title: 'untildone', version: options.version },
    { capabilities: { tools: {} }, instructions, cacheHints },
  );
  server.setRequestHandler('tools/list', () => ({ tools: options.toolbox.list() }));
  server.setRequestHandler('tools/call', ({ params }) =>
    callTool(options, caller, params.name, params.arguments ?? {}),
  );
  return server;
}

async function callTool(
  options: Served,
  { owner, request_id }: Caller,
  name: string,
  given: Record<string, unknown>,
): Promise<CallToolResult> {
  const tool = options.toolbox.named(name);
  if (tool === undefined)
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `there is no such tool; see tools/list`);
  // A key of our own making lets even a caller without one repeat what went wrong.
  const key = given['idempotency_key'] ?? options.ports.ids.random();
  try {
    return answerOf(await tool.run(options, owner, tool.hands_over ? { ...given, idempotency_key: key } : given));
  } catch (thrown) {
    const told = await whatIsTold(options, { owner, at: { request_id, method: 'tools/call', path: name } }, thrown);
    return refusalOf(told, { request_id, ...(tool.hands_over ? { idempotency_key: key } : {}) });
  }
}
