import { describe, expect, it } from 'vitest';
import type { Kind } from '../../lib/core/kind.ts';
import { kindProblems } from '../../lib/core/kind-problems.ts';
import { resolveKind } from '../../lib/core/resolve-kind.ts';
import { httpLro } from '../../lib/kinds/http-lro.ts';
import { accepted, adopting, exportKind, refused, watchKind } from './some-settings.ts';

const acceptors = adopting()['acceptors'];
const http = (input: Record<string, unknown>): Record<string, unknown> => ({
  kind: 'http',
  connection: 'ci',
  input,
  acceptors,
});

describe('kind http', () => {
  it('lays the calls of the request over it', () => {
    const { spec, handle } = accepted(
      http({
        start: { url: '/runs', body: { a: '{literal}' } },
        handle: { id: 'data.id', at: { header: ['location'] } },
        status: { url: '/runs/{id}' },
        progress: { url: '{at}' },
        cancel: { method: 'POST', url: '/runs/{id}/cancel' },
      }),
    );
    expect(handle).toBeNull();
    expect(spec.starts).toBe(true);
    expect(spec.kind).toEqual({
      name: 'http',
      transport: 'http',
      start: { method: 'POST', url: '/runs', body: { a: '{literal}' } },
      handle: { id: 'data.id', at: { header: ['location'] } },
      status: { url: '/runs/{id}' },
      progress: { url: '{at}' },
      cancel: { method: 'POST', url: '/runs/{id}/cancel' },
      acceptors,
      paths: {},
      pace: {},
      next_step: {},
    });
  });

  it('starts by the method that is given', () => {
    const body = http({ start: { method: 'PUT', url: '/runs' }, status: { url: '/runs' } });
    expect(accepted(body).spec.kind).toMatchObject({ start: { method: 'PUT' }, cancel: null, progress: null });
  });

  it.each<[string, Record<string, unknown>, string[]]>([
    [
      'without status',
      { start: { url: '/runs' } },
      ['input.status: the kind "http" has none of its own; say how to look at the job'],
    ],
    [
      'with names that the handle will never have',
      {
        start: { url: '/runs' },
        handle: { id: 'id' },
        status: { url: '/runs/{run}' },
        cancel: { url: '/{x}', query: { q: '{id}{y}' } },
      },
      [
        'input.status: asks for {run}, which is not in input.handle (known: id)',
        'input.cancel: asks for {x}, which is not in input.handle (known: id)',
        'input.cancel: asks for {y}, which is not in input.handle (known: id)',
      ],
    ],
    [
      'with a name and no handle',
      { start: { url: '/runs' }, status: { url: '/runs/{id}' } },
      ['input.status: asks for {id}, which is not in input.handle (known: none)'],
    ],
    [
      'without start',
      { status: { url: '/runs' } },
      ['input.start: Invalid input: expected object, received undefined'],
    ],
  ])('fails %s', (_name, input, problems) => {
    expect(refused(http(input))).toEqual(problems);
  });

  it.each([
    'Authorization',
    'proxy-authorization',
    'COOKIE',
    'Host',
    'connection',
    'Content-Length',
    'transfer-encoding',
    'Upgrade',
    'expect',
    'TE',
    'trailer',
    'keep-alive',
    'Accept-Encoding',
    'proxy-connection',
  ])('refuses the header %s in every call', (header) => {
    const call = { url: '/runs', headers: { [header]: 'x' } };
    const why = 'is not a header a call may set: credentials belong to the connection';
    const calls = { start: call, status: call, progress: call, cancel: call };
    expect(refused(http(calls))).toEqual(Object.keys(calls).map((side) => `input.${side}.headers.${header}: ${why}`));
  });

  it('adopts with the calls it is given, and has no cancel of its own', () => {
    const { spec, handle } = accepted(adopting());
    expect(handle).toEqual({ status: { url: '/runs/42' } });
    expect(spec.kind).toMatchObject({ start: null, status: { url: '/runs/42' }, cancel: null });
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{}, ['handle.status: Invalid input: expected object, received undefined']],
    [
      { status: { url: '/runs/{id}' } },
      ['handle.status: asks for {id}, but an adopted job has no values: write the URL in full'],
    ],
    [{ status: { url: '/runs' }, start: { url: '/x' } }, ['handle.start: is not a known key here']],
  ])('fails to adopt %o', (handle, problems) => {
    expect(refused(adopting({ handle }))).toEqual(problems);
  });
});

describe('kind http-lro', () => {
  const lro = (rest: Record<string, unknown>): Record<string, unknown> => ({
    kind: 'http-lro',
    connection: 'ci',
    ...rest,
  });

  it('has defaults for all but the start', () => {
    const { spec } = accepted(lro({ input: { start: { url: '/exports', body: {} } } }));
    expect(spec.kind).toEqual({
      name: 'http-lro',
      transport: 'http',
      start: { method: 'POST', url: '/exports', body: {} },
      handle: httpLro.handle,
      status: { url: '{operation_url}' },
      progress: null,
      cancel: { method: 'DELETE', url: '{operation_url}' },
      acceptors: httpLro.acceptors,
      paths: httpLro.paths,
      pace: {},
      next_step: {},
    });
  });

  it('gives way to what the request brings, path by path', () => {
    const { spec } = accepted(
      lro({
        input: { start: { url: '/x' }, cancel: { method: 'POST', url: '/stop' } },
        acceptors,
        paths: { message: 'why' },
      }),
    );
    expect(spec.kind).toMatchObject({
      acceptors,
      cancel: { method: 'POST', url: '/stop' },
      paths: { ...httpLro.paths, message: 'why' },
    });
  });

  it('does not cancel at a default address when the status has its own', () => {
    expect(accepted(lro({ input: { start: { url: '/x' }, status: { url: '/y' } } })).spec.kind.cancel).toBeNull();
  });

  it('adopts by the address of the status alone, and cancels there', () => {
    const { spec } = accepted(lro({ handle: { status: { url: '/operations/7' } } }));
    expect(spec.kind).toMatchObject({
      start: null,
      status: { url: '/operations/7' },
      cancel: { method: 'DELETE', url: '/operations/7' },
      acceptors: httpLro.acceptors,
    });
  });

  it('adopts with another cancel', () => {
    const handle = { status: { url: '/operations/7' }, cancel: { method: 'POST', url: '/operations/7:cancel' } };
    expect(accepted(lro({ handle })).spec.kind.cancel).toEqual(handle.cancel);
  });
});

describe('a declared kind', () => {
  const exporting = (rest: Record<string, unknown>): Record<string, unknown> => ({
    kind: 'export',
    connection: 'ci',
    ...rest,
  });

  it('starts with the values of the request in place', () => {
    const { spec } = accepted(exporting({ input: { project: 'a/b', format: { pdf: true } } }));
    expect(spec).toMatchObject({ interval_seconds: 5, expected_seconds: 40, timeout_seconds: 86_400 });
    expect(JSON.parse(JSON.stringify(spec.kind))).toMatchObject({
      start: { method: 'POST', url: '/projects/a%2Fb/exports', body: { format: { pdf: true } } },
      status: { url: '/exports/{id}' },
      next_step: { complete: 'Download it.' },
    });
  });

  it('adopts by the names of its handle', () => {
    const { spec, handle } = accepted(exporting({ handle: { id: 'e-1' } }));
    expect(handle).toEqual({ id: 'e-1' });
    expect(spec.kind.start).toBeNull();
  });

  it('is one record, shared by all jobs that it adopts; a job that it starts has its own', () => {
    const body = { kind: 'export', connection: 'ci' };
    const [one, two] = ['1', '2'].map((id) => accepted({ ...body, handle: { id } }));
    expect([one?.handle, two?.handle]).toEqual([{ id: '1' }, { id: '2' }]);
    expect(two?.spec.kind).toBe(one?.spec.kind);
    const [first, second] = ['csv', 'pdf'].map((format) => accepted({ ...body, input: { project: 'p', format } }));
    expect([first, second].map((read) => read?.spec.kind.start)).toMatchObject([
      { body: { format: 'csv' } },
      { body: { format: 'pdf' } },
    ]);
    expect(accepted({ ...body, handle: { id: '3' } }).spec.kind).toBe(one?.spec.kind);
  });

  it('is asked for its calls once, however many jobs it adopts', () => {
    let asked = 0;
    const counted: Kind = {
      ...exportKind,
      get status() {
        asked += 1;
        return exportKind.status;
      },
    };
    const adopt = (id: number) => resolveKind(counted, { handle: { id } });
    expect(adopt(0)).toMatchObject({ ok: true, handle: { id: 0 } });
    const once = asked;
    for (let id = 1; id <= 1000; id++) adopt(id);
    expect([once > 0, asked]).toEqual([true, once]);
  });

  it('is another record after its declaration has changed', () => {
    const id = { handle: { id: '1' } };
    const changed = { ...exportKind, paths: { result: 'url' } };
    expect(resolveKind(exportKind, id)).toMatchObject({ ok: true, kind: { paths: {} } });
    expect(resolveKind(changed, id)).toMatchObject({ ok: true, kind: { paths: { result: 'url' } } });
  });

  it('takes the time-out of the kind', () => {
    const body = { kind: 'watch-only', connection: 'ci', handle: { id: 7 }, expected_seconds: 600 };
    expect(accepted(body).spec.timeout_seconds).toBe(90);
  });

  it.each<[Record<string, unknown>, string[]]>([
    [
      { input: { project: 'p', colour: 'red' } },
      [
        'input.format: is missing; the kind "export" needs it',
        'input.colour: is not known to the kind "export"; known: project, format',
      ],
    ],
    [
      { handle: { run: 'x' } },
      ['handle.id: is missing; the kind "export" needs it', 'handle.run: is not known to the kind "export"; known: id'],
    ],
    [{ handle: { id: '' } }, ['handle.id: Too small: expected string to have >=1 characters']],
    [{ input: { project: '..', format: 1 } }, ['input: ".." cannot stand in a URL: it would leave its path']],
    [{ input: { project: '\ud800', format: 1 } }, ['input: "\\ud800" cannot stand in a URL: it has half a character']],
    [
      { handle: { id: 'x' }, acceptors, paths: { message: 'a' } },
      [
        'acceptors: the kind "export" brings its own; leave them out, or use the kind "http"',
        'paths: the kind "export" brings its own; leave them out, or use the kind "http"',
      ],
    ],
  ])('fails on %j', (rest, problems) => {
    expect(refused(exporting(rest))).toEqual(problems);
  });

  it('cannot start without a start call', () => {
    expect(refused({ kind: 'watch-only', connection: 'ci', input: { id: 'x' } })).toEqual([
      'input: the kind "watch-only" cannot start jobs; adopt a running one with "handle"',
    ]);
  });
});

describe('kindProblems', () => {
  const estimateOf = (url: string) => ({ name: 'octoperf-scenario' as const, call: { url } });
  const without = (kind: Kind, ...keys: (keyof Kind)[]): Kind => {
    const copy = { ...kind };
    for (const key of keys) delete copy[key];
    return copy;
  };
  it.each<[string, Kind, string[]]>([
    ['nothing', exportKind, []],
    ['nothing of one that only adopts', watchKind, []],
    ['calls that the request brings', { ...exportKind, carries_calls: true }, ['carries_calls']],
    ['no status, no acceptors', without(exportKind, 'status', 'acceptors'), ['status', 'acceptors']],
    ['no handle', without(exportKind, 'handle'), ['handle', 'status', 'cancel']],
    ['other names', { ...exportKind, cancel: { url: '/{other}' } }, ['cancel']],
    ['a name that may be missing where it is needed', { ...exportKind, handle: { 'id?': 'id' } }, ['status', 'cancel']],
    ['a name that cannot be left out', { ...exportKind, start: { url: '/{project?}', body: {} } }, ['start']],
    ['several ids', { ...exportKind, each: 'id' }, []],
    ['several ids that nobody asks for', { ...exportKind, each: 'ids' }, ['each', 'each']],
    ['answers about nothing known', { ...exportKind, about: { run: 'id' } }, ['about.run']],
    ['an estimate of what it starts', { ...exportKind, estimate: estimateOf('/projects/{project}') }, []],
    ['an estimate of something else', { ...exportKind, estimate: estimateOf('/plans/{plan}') }, ['estimate.call']],
    [
      'an estimate by way of something else',
      {
        ...exportKind,
        estimate: { ...estimateOf('/plans/{plan}'), via: { call: { url: '/{run}' }, values: { plan: 'p' } } },
      },
      ['estimate.via.call'],
    ],
  ])('has against a kind with %s', (_name, kind, paths) => {
    expect(kindProblems(kind).map(({ path }) => path)).toEqual(paths);
  });
});

describe('a kind of several ids', () => {
  const runs: Kind = {
    ...exportKind,
    name: 'runs',
    start: { url: '/runs', body: { plan: '{plan}', zone: '{zone?}' } },
    handle: { ids: 'ids', 'report?': 'report', 'plan?': 'plan' },
    each: 'ids',
    status: { url: '/runs/{ids}' },
    cancel: { url: '/runs/{ids}/stop' },
  };
  const problemsOf = (body: Record<string, unknown>): string[] => {
    const read = resolveKind(runs, body);
    return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`);
  };

  it('adopts a list of ids, with or without what may be missing', () => {
    for (const handle of [{ ids: ['a'] }, { ids: ['a', 7], report: 'r' }])
      expect(resolveKind(runs, { handle })).toMatchObject({ ok: true, handle, kind: { each: 'ids' } });
  });

  it.each<[Record<string, unknown>, string[]]>([
    [{}, ['handle.ids: is missing; the kind "runs" needs it']],
    [{ ids: 'a' }, ['handle.ids: must be a list of ids: ["…"]']],
    [{ ids: [] }, ['handle.ids: must have at least one id']],
    [{ ids: [''] }, ['handle.ids.0: Too small: expected string to have >=1 characters']],
    [{ ids: ['x'.repeat(129)] }, ['handle.ids.0: Too big: expected string to have <=128 characters']],
    [{ ids: ['a'], report: ['r'] }, ['handle.report: Invalid input: expected string, received array']],
    [
      { ids: Array.from({ length: 51 }, (_, number) => number) },
      ['handle.ids: has more than 50 ids, which is the most one job can watch; hand over several jobs'],
    ],
    [{ ids: ['a'], other: 1 }, ['handle.other: is not known to the kind "runs"; known: ids, report, plan']],
  ])('rejects the handle %j', (handle, problems) => {
    expect(problemsOf({ handle })).toEqual(problems);
  });

  it('starts without what may be missing, and keeps what the handle names too', () => {
    const read = resolveKind(runs, { input: { plan: 'p' } });
    expect(read).toMatchObject({ ok: true, kind: { given: { plan: 'p' } } });
    expect(read.ok && read.kind.start).toEqual({ method: 'POST', url: '/runs', body: { plan: 'p' } });
    expect(problemsOf({ input: { zone: 'eu' } })).toEqual(['input.plan: is missing; the kind "runs" needs it']);
  });
});
