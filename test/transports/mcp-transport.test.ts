import { afterEach, describe, expect, it } from 'vitest';
import type { Auth } from '../../lib/core/auth.ts';
import { mcpWorld, toolServer } from './mcp-world.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const world of open.splice(0)) await world.close();
});
const worldOf = async (...given: Parameters<typeof mcpWorld>) => {
  const world = await mcpWorld(...given);
  open.push(world);
  return world;
};
const text = (...texts: string[]) => ({ content: texts.map((one) => ({ type: 'text' as const, text: one })) });
const bearer: Auth = { type: 'bearer', token: 'env:T' };
const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });

describe('a tool call', () => {
  it('costs one round trip once the server is known', async () => {
    const { call, seen } = await worldOf({ look: () => text('{"state":"RUNNING"}') });
    await call('look');
    expect(seen).toEqual(['POST server/discover', 'POST tools/call']);
    await call('look');
    expect(seen.slice(2)).toEqual(['POST tools/call']);
  });
  it('goes over a connection of its own: an old one may die of its age, and nobody could say whether the tool was called', async () => {
    const { call, seen, connections } = await worldOf({ look: () => text('') });
    await call('look');
    await call('look');
    expect(connections()).toBe(seen.length);
  });
  it.each([
    ['structured content', { ...text('{"a":2}'), structuredContent: { a: 1 } }, { a: 1 }],
    ['JSON in one text', text('{"a":1}'), { a: 1 }],
    ['JSON in a later text', text('All well.', '{"a":1}'), { a: 1 }],
    ['plain text', text('RUNNING'), 'RUNNING'],
    ['a bare number as text', text('42'), '42'],
    ['JSON and prose in one text as text', text('{"a":1} is not all.'), '{"a":1} is not all.'],
    ['JSON within prose as text', text('It said {"a":1} before.'), 'It said {"a":1} before.'],
  ])('reads %s', async (_, result, body) => {
    const { call } = await worldOf({ look: () => result });
    expect(await call('look')).toMatchObject({ answered: true, http_status: 200, body });
  });
  it('passes its arguments on', async () => {
    const { call } = await worldOf({ look: (args) => ({ ...text(''), structuredContent: args }) });
    expect(await call('look', { id: '7' })).toMatchObject({ body: { id: '7' } });
  });
  it('keeps what a tool says with isError apart from its answers', async () => {
    const { call } = await worldOf({ look: () => ({ ...text('try later'), isError: true }) });
    expect(await call('look')).toMatchObject({
      body: 'try later',
      error: { type: 'tool_error', message: 'try later' },
    });
  });
  it('names an error of the protocol', async () => {
    const { call } = await worldOf({});
    expect(await call('none')).toMatchObject({ answered: true, error: { type: 'server_error' } });
  });
});

/** A server of 2025 with sessions: forgets them when told. */
function stateful(as: 'json' | 'sse') {
  let number = 0;
  const live = new Set<string>();
  const answer = (id: unknown, result: unknown, headers: Record<string, string> = {}): Response =>
    as === 'json'
      ? json({ jsonrpc: '2.0', id, result }, 200, headers)
      : new Response(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result })}\n\n`, {
          headers: { 'content-type': 'text/event-stream', ...headers },
        });
  const before = (request: Request, body: string): Response => {
    const { id, method } = JSON.parse(body) as { id?: unknown; method: string };
    if (method === 'server/discover')
      return json({ jsonrpc: '2.0', id, error: { code: -32601, message: 'what?' } }, 400);
    if (method === 'initialize') {
      const session = `s${++number}`;
      live.add(session);
      const result = {
        protocolVersion: '2025-06-18',
        capabilities: { tools: {} },
        serverInfo: { name: 'old', version: '1' },
      };
      return answer(id, result, { 'mcp-session-id': session });
    }
    if (!live.has(request.headers.get('mcp-session-id') ?? '')) return json({ error: 'no such session' }, 404);
    return method.startsWith('notifications/') ? new Response(null, { status: 202 }) : answer(id, text('{"ok":true}'));
  };
  return { before, forget: () => live.clear() };
}

describe.each(['json', 'sse'] as const)('a server of 2025 with sessions, answering as %s', (as) => {
  it('is opened once, and again, once, when it forgets the session', async () => {
    const { before, forget } = stateful(as);
    const { call, seen } = await worldOf({}, before);
    expect(await call('look')).toMatchObject({ body: { ok: true } });
    expect(await call('look')).toMatchObject({ body: { ok: true } });
    expect(seen.filter((one) => one === 'POST initialize')).toHaveLength(1);
    forget();
    seen.length = 0;
    expect(await call('look')).toMatchObject({ body: { ok: true } });
    // The era is known: no second probe.
    expect(seen).toEqual(['POST tools/call', 'POST initialize', 'POST notifications/initialized', 'POST tools/call']);
  });
});

describe('a server of 2025 that forgets every session at once', () => {
  it('is opened again once, and then told as it is', async () => {
    const { before, forget } = stateful('json');
    const { call, seen } = await worldOf({}, (request, body) => {
      if (body.includes('"tools/call"')) forget();
      return before(request, body);
    });
    expect(await call('look')).toMatchObject({ answered: true, http_status: 404 });
    expect(seen.filter((one) => one === 'POST initialize')).toHaveLength(2);
    expect(seen.filter((one) => one === 'POST tools/call')).toHaveLength(2);
    expect(seen.filter((one) => !one.startsWith('POST'))).toEqual([]);
  });
});

describe('a probe', () => {
  const five = Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map((name) => [name, () => text('')]));
  it('names the server, its protocol and its tools, over all pages, and calls none', async () => {
    const { probe, seen } = await worldOf(five);
    expect(await probe()).toEqual({
      answered: true,
      speaks: 'mcp',
      name: 'remote',
      version: '1',
      protocol: '2026-07-28',
      tools: ['a', 'b', 'c', 'd', 'e'],
    });
    expect(seen).toEqual(['POST server/discover', 'POST tools/list', 'POST tools/list']);
  });
  it('opens a session of its own, so that it sees what is so now', async () => {
    const { before } = stateful('json');
    const listing = (request: Request, body: string) =>
      body.includes('"tools/list"')
        ? json({
            jsonrpc: '2.0',
            id: JSON.parse(body).id,
            result: { tools: [{ name: 'a', inputSchema: { type: 'object' } }] },
          })
        : before(request, body);
    const { call, probe, seen } = await worldOf({}, listing);
    await call('look');
    seen.length = 0;
    expect(await probe()).toMatchObject({ name: 'old', protocol: '2025-06-18', tools: ['a'] });
    expect(seen).toContain('POST initialize');
  });
  it('reads a list that is bigger than a status may be', async () => {
    const { call, probe } = await worldOf({ ...five, ['x'.repeat(2000)]: () => text('x'.repeat(2000)) }, undefined, {
      limits: { body_bytes: 1000 },
    });
    expect(await call('x'.repeat(2000))).toMatchObject({ answered: false, type: 'too_large' });
    expect(await probe()).toMatchObject({ speaks: 'mcp', tools: { length: 6 } });
  });
  it('a private address is refused there too', async () => {
    const { probe, seen } = await worldOf(five, undefined, { connection: { allow_private_network: false } });
    expect(await probe()).toMatchObject({ answered: false, type: 'not_allowed' });
    expect(seen).toEqual([]);
  });
});

describe('what goes wrong', () => {
  const onTool = (make: (request: Request) => Response | undefined) => (request: Request, body: string) =>
    body.includes('"tools/call"') ? make(request) : undefined;
  it.each([401, 403, 404, 429, 500, 503])('HTTP %i is told as it is', async (status) => {
    const { call } = await worldOf(
      {},
      onTool(() => json({}, status, { 'retry-after': '7' })),
    );
    expect(await call('look')).toMatchObject({ answered: true, http_status: status, retry_after_seconds: 7 });
  });
  it('fails before the tool is called: nothing was sent', async () => {
    const { call } = await worldOf({}, () => json({}, 500));
    expect(await call('look')).toMatchObject({ answered: false, type: 'server_error', sent: false });
  });
  it('an answer beyond the cap is cut off, a stream too', async () => {
    const big = (type: string) => onTool(() => new Response('x'.repeat(20_000), { headers: { 'content-type': type } }));
    for (const type of ['application/json', 'text/event-stream']) {
      const { call } = await worldOf({}, big(type), { limits: { body_bytes: 10_000 } });
      expect(await call('look')).toMatchObject({ answered: false, type: 'too_large', sent: true });
    }
  });
  it('a redirect to another origin is not followed, and the token goes nowhere else', async () => {
    const elsewhere = await toolServer({ look: () => text('{"stolen":true}') });
    open.push(elsewhere);
    const { call, seen } = await worldOf(
      {},
      onTool(() => new Response(null, { status: 307, headers: { location: elsewhere.url } })),
      { connection: { auth: bearer } },
    );
    expect(await call('look')).toMatchObject({ answered: false, type: 'redirected' });
    expect(seen.filter((one) => one === 'POST tools/call')).toHaveLength(1);
    expect(elsewhere.seen).toEqual([]);
  });
  it('a server that never answers is given up in time, and may have done what was asked', async () => {
    const silent = new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } });
    const { call } = await worldOf(
      {},
      onTool(() => silent),
      { limits: { call_ms: 200 } },
    );
    expect(await call('look')).toMatchObject({ answered: false, type: 'timeout', sent: true });
  });
  it('a private address is refused unless the connection allows it', async () => {
    const { call, seen } = await worldOf({}, undefined, { connection: { allow_private_network: false } });
    expect(await call('look')).toMatchObject({ answered: false, type: 'not_allowed', sent: false });
    expect(seen).toEqual([]);
  });
});

describe('a name that leads to a private address', () => {
  it.each([
    [false, { answered: false, type: 'not_allowed', sent: false }, 0],
    [true, { answered: true, body: 'RUNNING' }, 2],
  ])('is called if the connection allows it (%s)', async (allow_private_network, outcome, requests) => {
    const { call, seen } = await worldOf({ look: () => text('RUNNING') }, undefined, {
      connection: { allow_private_network },
      host: 'tools.example.com',
      resolve: async () => ['127.0.0.1'],
    });
    expect(await call('look')).toMatchObject(outcome);
    expect(seen).toHaveLength(requests);
  });
});

describe('the credential', () => {
  it('is no reason to call a tool twice, unless it was refused', async () => {
    for (const status of [403, 404, 409, 500, 503]) {
      const { call, seen } = await worldOf(
        {},
        (_, body) => (body.includes('"tools/call"') ? json({}, status) : undefined),
        {
          connection: { auth: bearer },
          secrets: ['one', 'another'],
        },
      );
      expect(await call('look')).toMatchObject({ http_status: status });
      expect(seen.filter((one) => one === 'POST tools/call')).toHaveLength(1);
    }
  });

  it('goes with every request, is read again once after a 401, and is taken out of what comes back', async () => {
    const before = (request: Request) =>
      request.headers.get('authorization') === 'Bearer fresh-token' ? undefined : json({}, 401);
    const { call } = await worldOf({ look: () => text('{"echo":"fresh-token"}') }, before, {
      connection: { auth: bearer },
      secrets: ['stale-token', 'fresh-token'],
    });
    expect(await call('look')).toMatchObject({ body: { echo: '[redacted]' } });
  });
});

describe('a starter goes out once', () => {
  const onTool = (make: (body: string) => Response) => (_: Request, body: string) =>
    body.includes('"tools/call"') ? make(body) : undefined;
  const toolCalls = (seen: string[]) => seen.filter((one) => one === 'POST tools/call').length;
  const to = (location: string, status = 307) => new Response(null, { status, headers: { location } });

  it.each([
    [301, { type: 'refused', sent: true }],
    [302, { type: 'refused', sent: true }],
    [303, { type: 'refused', sent: true }],
    [307, { type: 'refused', sent: false }],
    [308, { type: 'refused', sent: false }],
  ])('when a %i leads on within the origin', async (status, fault) => {
    const { start, seen } = await worldOf(
      {},
      onTool(() => to('/mcp', status)),
    );
    expect(await start('run')).toMatchObject({ answered: false, ...fault });
    expect(toolCalls(seen)).toBe(1);
  });
  it('when it is told that its headers do not match', async () => {
    const { start, seen } = await worldOf(
      {},
      onTool((body) => json({ jsonrpc: '2.0', id: JSON.parse(body).id, error: { code: -32020, message: 'no' } }, 400)),
    );
    await start('run');
    expect(toolCalls(seen)).toBe(1);
  });
  it('when the server loses the session at it: nobody knows what was done', async () => {
    const { before, forget } = stateful('json');
    const { start, seen } = await worldOf({}, (request, body) => {
      if (body.includes('"tools/call"')) forget();
      return before(request, body);
    });
    expect(await start('run')).toMatchObject({ answered: false, type: 'server_error', sent: true });
    expect(toolCalls(seen)).toBe(1);
  });
  it('in a session that is proven to live first', async () => {
    const { before, forget } = stateful('json');
    const { call, start, seen } = await worldOf({}, before);
    await call('look');
    forget();
    seen.length = 0;
    expect(await start('run')).toMatchObject({ body: { ok: true } });
    expect(seen).toEqual(['POST ping', 'POST initialize', 'POST notifications/initialized', 'POST tools/call']);
  });
  it('to where the server has moved within its origin', async () => {
    const { start, call, seen } = await worldOf({ run: () => text('{"id":1}') }, (request) =>
      new URL(request.url).pathname === '/mcp' ? to('/mcp/') : undefined,
    );
    expect(await start('run')).toMatchObject({ body: { id: 1 } });
    expect(await call('run')).toMatchObject({ body: { id: 1 } });
    expect(seen).toEqual(['POST server/discover', 'POST server/discover', 'POST tools/call', 'POST tools/call']);
  });
});

describe('any other tool', () => {
  it('is called where a redirect within the origin leads, and no further than three of them', async () => {
    let hops = 0;
    const leading = (most: number) => (_: Request, body: string) =>
      body.includes('"tools/call"') && hops++ < most
        ? new Response(null, { status: 307, headers: { location: '/mcp' } })
        : undefined;
    const near = await worldOf({ look: () => text('{"a":1}') }, leading(3));
    expect(await near.call('look')).toMatchObject({ body: { a: 1 } });
    hops = 0;
    const far = await worldOf({ look: () => text('{"a":1}') }, leading(100));
    expect(await far.call('look')).toMatchObject({ answered: false, type: 'refused' });
    expect(far.seen.filter((one) => one === 'POST tools/call')).toHaveLength(4);
  });
});
