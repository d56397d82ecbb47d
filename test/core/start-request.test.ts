import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readStartRequest } from '../../lib/core/start-request.ts';
import { accepted, adopting, refused, someSettings } from './some-settings.ts';

const success = { state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } };

describe('a request that is fine', () => {
  it('becomes a spec with every default filled in', () => {
    expect(accepted(adopting())).toEqual({
      ok: true,
      handle: { status: { url: '/runs/42' } },
      to_estimate: null,
      spec: {
        kind: expect.objectContaining({ name: 'http' }),
        connection: 'ci',
        name: null,
        labels: {},
        starts: false,
        expected_seconds: 300,
        timeout_seconds: 86_400,
        interval_seconds: 30,
        heartbeat_seconds: 60,
        cancel_on_timeout: false,
        first_check: 'now',
        announce: { targets: ['ops', 'dev'], on: null },
        fingerprint: null,
      },
    });
  });

  it('shares the list of all targets with every other that names none', () => {
    const [one, two] = [accepted(adopting()), accepted(adopting())];
    expect(two.spec.announce.targets).toBe(one.spec.announce.targets);
  });

  it.each<[Record<string, unknown>, Record<string, unknown>]>([
    [{ expected_seconds: 630 }, { expected_seconds: 630, interval_seconds: 60, timeout_seconds: 1560 }],
    [{ expected_seconds: 1 }, { expected_seconds: 1, interval_seconds: 3, timeout_seconds: 302 }],
    [{ expected_seconds: 604_800 }, { timeout_seconds: 604_800 }],
    [{ timeout_seconds: 60 }, { timeout_seconds: 60, expected_seconds: 300 }],
    [{ announce: { targets: ['dev'] } }, { announce: { targets: ['dev'], on: null } }],
    [{ announce: { targets: [], on: ['failing'] } }, { announce: { targets: [], on: ['failing'] } }],
    [
      { first_check: 'later', cancel_on_timeout: true },
      { first_check: 'later', cancel_on_timeout: true },
    ],
    [
      { labels: { team: 'perf' }, name: 'nightly' },
      { labels: { team: 'perf' }, name: 'nightly' },
    ],
  ])('%o makes %o', (rest, spec) => {
    expect(accepted(adopting(rest)).spec).toMatchObject(spec);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'may have an expression that is called %s, which finds nothing by itself',
    (path) => {
      const acceptors = [{ state: 'success', matcher: { path, expected: 'x', comparator: 'stringEquals' } }];
      expect(accepted(adopting({ acceptors, paths: { message: path } })).spec.kind.acceptors).toEqual(acceptors);
    },
  );

  it.each([[32], [1]])('may have %i acceptors', (count) => {
    expect(accepted(adopting({ acceptors: Array(count).fill(success) })).spec.kind.acceptors).toHaveLength(count);
  });
});

describe('a request that is not', () => {
  it('fails with every problem at once', () => {
    const problems = refused({
      kind: 'htttp',
      connection: 'nowhere',
      input: {},
      handle: {},
      name: '',
      surprise: 1,
      expected_seconds: 0,
      timeout_seconds: 604_801,
      first_check: 'soon',
      labels: { '-x': 'y', ok: 7 },
      announce: { targets: ['ops', 'nobody'], on: ['sometimes'], loudly: true },
      acceptors: [{ state: 'failure', matcher: { path: 'a(', expected: 'x', comparator: 'almost' }, why: 1 }],
      paths: { message: '', elsewhere: 'a' },
    });
    expect(problems.map((problem) => problem.split(': ')[0]).sort()).toEqual([
      '',
      'acceptors.0.matcher.comparator',
      'acceptors.0.matcher.path',
      'acceptors.0.why',
      'announce.loudly',
      'announce.on.0',
      'announce.targets.1',
      'connection',
      'expected_seconds',
      'first_check',
      'kind',
      'labels.-x',
      'labels.ok',
      'name',
      'paths.elsewhere',
      'paths.message',
      'paths.message',
      'surprise',
      'timeout_seconds',
    ]);
    expect(problems).toEqual(
      expect.arrayContaining([
        ': has both "input" (start a job) and "handle" (adopt one); give exactly one',
        'kind: there is no kind "htttp"; known: export, http, http-lro, mcp-tool, octoperf-correlation, octoperf-pdf-export, octoperf-scenario, octoperf-validation, watch-only',
        'connection: there is no connection "nowhere"; configured: ci',
        'announce.targets.1: there is no target "nobody"; configured: dev, ops',
        'labels.-x: is no label name',
        'surprise: is not a known key here',
      ]),
    );
  });

  it('fails with the problems of kind http together with the others', () => {
    const problems = refused({
      kind: 'http',
      connection: 'ci',
      name: '',
      input: {
        start: { url: '', headers: { Authorization: 'Bearer x', 'b ad': '1', 'x-a': 'a\r\nb' }, verb: 'POST' },
        status: { url: '/x', method: 'HEAD' },
        watch: 1,
      },
    });
    expect(problems.map((problem) => problem.split(': ')[0]).sort()).toEqual([
      'acceptors',
      'input.start.headers.Authorization',
      'input.start.headers.b ad',
      'input.start.headers.x-a',
      'input.start.url',
      'input.start.verb',
      'input.status.method',
      'input.watch',
      'name',
    ]);
    expect(problems).toContain(
      'input.start.headers.Authorization: is not a header a call may set: credentials belong to the connection',
    );
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['neither input nor handle', { handle: undefined }, ': has neither "input" (start a job) nor "handle" (adopt one)'],
    ['an unknown key', { nope: 1 }, 'nope: is not a known key here'],
    ['no connection', { connection: undefined }, 'connection: '],
    ['an input that is a list', { handle: undefined, input: [] }, 'input: '],
    ['a handle that is text', { handle: '42' }, 'handle: '],
    ['no success', { acceptors: [{ ...success, state: 'failure' }] }, 'acceptors: no acceptor has the state "success"'],
    ['no acceptors', { acceptors: [] }, 'acceptors: '],
    ['none at all', { acceptors: undefined }, 'acceptors: the kind "http" has none of its own'],
    ['33 acceptors', { acceptors: Array(33).fill(success) }, 'acceptors: Too big'],
    [
      '33 labels',
      { labels: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`l${n}`, 'x'])) },
      'labels: are 33; at most 32',
    ],
    ['a long label', { labels: { l: 'x'.repeat(257) } }, 'labels.l: Too big'],
    ['a long label name', { labels: { ['l'.repeat(64)]: 'x' } }, `labels.${'l'.repeat(64)}: is no label name`],
    ['a long name', { name: 'x'.repeat(201) }, 'name: Too big'],
    ['33 targets', { announce: { targets: Array(33).fill('ops') } }, 'announce.targets: Too big'],
    ['half a second', { expected_seconds: 0.5 }, 'expected_seconds: '],
    ['text for a number', { timeout_seconds: '60' }, 'timeout_seconds: '],
    ['a long expression', { paths: { message: 'a'.repeat(513) } }, 'paths.message: is 513 characters long'],
    ['an expression that does not parse', { paths: { result: 'a b' } }, 'paths.result: is no JMESPath expression'],
    [
      'a doubling expression',
      { paths: { result: Array(20).fill('[@,@]').join('|') } },
      'paths.result: repeats the document up to',
    ],
    [
      'an HTTP status that is none',
      { acceptors: [success, { state: 'failure', matcher: { httpStatus: [1000] } }] },
      'acceptors.1.matcher.httpStatus.0: Too big',
    ],
    [
      'an unknown error type',
      { acceptors: [success, { state: 'failure', matcher: { errorType: 'gremlins' } }] },
      'acceptors.1.matcher.errorType: ',
    ],
  ])('fails on %s', (_name, rest, problem) => {
    expect(refused(adopting(rest)).map((said) => said.slice(0, problem.length))).toContain(problem);
  });

  it.each([null, undefined, 1, 'text', true, [], [{}]])('fails on %j, which is no object', (body) => {
    expect(refused(body)).toEqual([': the body must be a JSON object']);
  });

  it.each([33, 5_000, 30_000])('fails on %i levels instead of running out of stack', (depth) => {
    const deep: unknown = JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    for (const body of [
      adopting({ handle: undefined, input: { start: { url: '/', body: deep } } }),
      adopting({ x: deep }),
    ])
      expect(refused(body)).toEqual([': the body must be JSON nested at most 32 deep']);
  });

  it('tells each problem once', () => {
    const problems = refused(adopting({ acceptors: [{ state: 'nope', matcher: {} }], paths: { nope: 'a' } }));
    expect(new Set(problems).size).toBe(problems.length);
  });
});

describe('for any JSON', () => {
  const known = fc.constantFrom(
    'kind',
    'connection',
    'input',
    'handle',
    'labels',
    'announce',
    'acceptors',
    'paths',
    'start',
    'status',
    'url',
    'targets',
    'on',
    'matcher',
    '__proto__',
    'constructor',
    'id',
    'project',
    'format',
  );
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(
        null,
        true,
        0,
        -1,
        '',
        'http',
        'http-lro',
        'export',
        'watch-only',
        'ci',
        'ops',
        '/x/{id}',
        '{a}',
        '\ud800',
        'a(',
      ),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(known, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), tree), (body) => {
        const read = readStartRequest(body, someSettings);
        expect(read.ok || read.problems.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
  it('never throws for a job that is nearly right', () => {
    const kind = fc.constantFrom('http', 'http-lro', 'export', 'watch-only');
    fc.assert(
      fc.property(kind, fc.constantFrom('input', 'handle'), tree, tree, (name, side, values, paths) => {
        const read = readStartRequest({ kind: name, connection: 'ci', [side]: values, paths }, someSettings);
        expect(read.ok || read.problems.length > 0).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
