import { describe, expect, it } from 'vitest';
import { connectionSchema, readConfiguration } from '../../lib/core/configuration.ts';
import { type Kind, kindSchema, type McpCall } from '../../lib/core/kind.ts';
import { problemsOf } from '../../lib/core/problems.ts';
import { type Resolution, resolveKind } from '../../lib/core/resolve-kind.ts';
import { readStartRequest } from '../../lib/core/start-request.ts';
import { placeholdersOf, renderCall } from '../../lib/core/template.ts';
import { someSettings } from './some-settings.ts';

const acceptors = [
  { state: 'success' as const, matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' as const } },
];
const runs: Kind = {
  name: 'runs',
  transport: 'mcp',
  start: { tool: 'run_scenario', arguments: { scenarioId: '{scenarioId}', options: { tags: ['{tag}', 'as-{tag}'] } } },
  handle: { id: 'benchResultIds[0]' },
  status: { tool: 'get_bench_result', arguments: { benchResultId: '{id}' } },
  cancel: { tool: 'stop_bench_result', arguments: { benchResultId: '{id}' } },
  acceptors,
};
const anyTool: Kind = { name: 'any-tool', transport: 'mcp', carries_calls: true };
const problems = (read: Resolution): unknown => (read.ok ? 'none' : read.problems);

describe('a kind that speaks mcp', () => {
  it('has calls of tools', () => {
    expect(kindSchema.safeParse(runs)).toEqual({ success: true, data: runs });
  });

  it.each([
    [{ ...runs, status: { url: '/runs/{id}' } }, 'status', 'is an HTTP call, but the kind speaks mcp'],
    [{ ...runs, transport: 'http' }, 'start', 'calls a tool, but the kind speaks http'],
    [{ ...runs, handle: { id: { header: ['location'] } } }, 'handle.id', 'tools answer without headers'],
    [{ ...runs, status: { tool: 'get', argument: {} } }, 'status.argument', 'is not a known key here'],
    [{ ...runs, status: { tool: 'get {id}' } }, 'status.tool', 'must be the name of a tool'],
    [{ ...runs, status: { tool: 'get', url: '/' } }, 'status.tool', 'is not a known key here'],
  ])('rejects %j', (kind, path, message) => {
    const read = kindSchema.safeParse(kind);
    expect(read.success ? [] : problemsOf(read.error)).toContainEqual({
      path,
      message: expect.stringContaining(message),
    });
  });

  it('fills the arguments of its start in, however deep, and leaves names alone', () => {
    const read = resolveKind(runs, { input: { scenarioId: 7, tag: 'x' } });
    expect(read).toMatchObject({
      ok: true,
      kind: {
        transport: 'mcp',
        start: { tool: 'run_scenario', arguments: { scenarioId: 7, options: { tags: ['x', 'as-x'] } } },
      },
    });
    expect(read.ok && read.kind.start).not.toHaveProperty('method');
  });

  it('says which arguments are missing', () => {
    expect(problems(resolveKind(runs, { input: { scenarioId: 7 } }))).toEqual([
      { path: 'input.tag', message: 'is missing; the kind "runs" needs it' },
    ]);
  });

  it('adopts by the ids its calls ask for', () => {
    expect(resolveKind(runs, { handle: { id: 'b-1' } })).toMatchObject({ ok: true, handle: { id: 'b-1' } });
  });

  it('rejects acceptors, and names the kind that takes them', () => {
    expect(problems(resolveKind(runs, { handle: { id: 'b-1' }, acceptors }))).toEqual([
      { path: 'acceptors', message: expect.stringContaining('use the kind "mcp-tool"') },
    ]);
  });
});

describe('a request that carries calls of tools', () => {
  it('is laid over its kind as it is', () => {
    const input = {
      start: { tool: 'start', arguments: { n: 1 } },
      handle: { id: 'id' },
      status: { tool: 'look', arguments: { id: '{id}' } },
    };
    expect(resolveKind(anyTool, { input, acceptors })).toMatchObject({
      ok: true,
      kind: { start: input.start, status: input.status, cancel: null },
    });
  });

  it('adopts with calls written in full', () => {
    const handle = { status: { tool: 'look', arguments: { id: 42 } } };
    expect(resolveKind(anyTool, { handle, acceptors })).toMatchObject({ ok: true, handle, kind: { start: null } });
    const open = { status: { tool: 'look', arguments: { id: '{id}' } } };
    expect(problems(resolveKind(anyTool, { handle: open, acceptors }))).toEqual([
      { path: 'handle.status', message: expect.stringContaining('write the arguments in full') },
    ]);
  });

  it.each([
    [{ start: { url: '/runs' }, status: { tool: 'look' } }, 'input.start.tool'],
    [{ start: { tool: 'go' }, handle: { id: { header: ['location'] } }, status: { tool: 'look' } }, 'input.handle.id'],
    [
      { start: { tool: 'go' }, handle: { id: 'id' }, status: { tool: 'look', arguments: [] } },
      'input.status.arguments',
    ],
  ])('rejects %j', (input, path) => {
    expect(problems(resolveKind(anyTool, { input, acceptors }))).toContainEqual({ path, message: expect.any(String) });
  });
});

describe('a job', () => {
  it('rejects a kind and a connection that differ in transport', () => {
    const tools = connectionSchema.parse({ transport: 'mcp', url: 'https://tools.example.com/mcp' });
    const known = {
      ...someSettings,
      kinds: new Map([...someSettings.kinds, ['runs', runs]]),
      connections: new Map([...someSettings.connections, ['tools', tools]]),
    };
    const read = (kind: string, connection: string) => {
      const of = readStartRequest({ kind, connection, handle: { id: 'b-1' } }, known);
      return of.ok ? [] : of.problems;
    };
    expect(read('runs', 'tools')).toEqual([]);
    expect(read('runs', 'ci')).toEqual([{ path: 'connection', message: 'speaks http, but the kind speaks mcp' }]);
    expect(read('http', 'tools')).toContainEqual({
      path: 'connection',
      message: 'speaks mcp, but the kind speaks http',
    });
  });
});

it('a configuration has connections and kinds that speak mcp', () => {
  const connections = { tools: { transport: 'mcp', url: 'https://tools.example.com/mcp' } };
  expect(readConfiguration({ connections, kinds: [runs] })).toMatchObject({ ok: true });
});

it('arguments keep the type of a value that is the whole string, and take it as text elsewhere', () => {
  const call: McpCall = { tool: 'look', arguments: { a: '{n}', b: [{ c: 'no. {n}' }], '{n}': true } };
  const rendered = renderCall(call, { n: 7 });
  expect(JSON.parse(JSON.stringify(rendered))).toEqual({
    tool: 'look',
    arguments: { a: 7, b: [{ c: 'no. 7' }], '{n}': true },
  });
  expect(placeholdersOf({ tool: 'look' })).toEqual([]);
});
