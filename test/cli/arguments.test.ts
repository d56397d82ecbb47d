import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readJsonArgument } from '../../lib/cli/read-json-argument.ts';
import { aJob } from './support/jobs.ts';
import { run } from './support/run.ts';
import { scriptedServer } from './support/scripted-server.ts';

/** Runs against a server that must not be asked, and gives the problems. */
async function refused(argv: string[], settings: Parameters<typeof run>[1] = {}, exit = 2) {
  const server = await scriptedServer(() => ({ json: aJob() }));
  const { code, envelope } = await run(argv, { endpoint: server.url, ...settings });
  expect(code).toBe(exit);
  expect(server.asked).toEqual([]);
  expect(envelope.error).toMatchObject({ phase: 'validation', retryable: false });
  expect(envelope.data).toBeNull();
  if (envelope.error === null) throw new Error('no error');
  return envelope.error;
}

describe('bad arguments', () => {
  it('rejects them all at once, before anybody is asked', async () => {
    const error = await refused([
      'job',
      'start',
      '--knd',
      'http',
      '--expected-seconds',
      '0',
      '--label',
      'x',
      '--first-check',
      'soon',
      '--name',
    ]);
    expect(error['problems']).toEqual([
      { path: '--knd', message: 'is not an option; did you mean --kind?' },
      { path: '--name', message: 'needs a value: --name TEXT' },
      { path: '--expected-seconds', message: 'must be a whole number from 1 to 604800, not "0"' },
      { path: '--first-check', message: expect.stringContaining('"now"|"later"') },
      { path: '--label', message: '0: must be k=v' },
      { path: '--kind', message: expect.stringContaining('is missing') },
      { path: '--connection', message: expect.stringContaining('is missing') },
      { path: '--input', message: expect.stringContaining('is missing') },
    ]);
  });

  it.each([
    [['job', 'statsu', 'x'], 'UNKNOWN_COMMAND', 'untildone job status'],
    [['jbo', 'list'], 'UNKNOWN_COMMAND', 'untildone job'],
    [['status', 'x'], 'UNKNOWN_COMMAND', 'untildone job status'],
    [['frobnicate'], 'UNKNOWN_COMMAND', 'serve, job, kinds, connect, doctor, check-permissions, manifest'],
    [['job', 'list', '--limitt', '3'], 'UNKNOWN_OPTION', 'untildone job list --help'],
    [['--bogus'], 'UNKNOWN_OPTION', 'untildone --help'],
    [['serve', '--endpoint', 'http://127.0.0.1:1'], 'UNKNOWN_OPTION', 'untildone serve --help'],
  ])('rejects %j and says what was meant', async (argv, code, suggestion) => {
    const error = await refused(argv);
    expect(error.code).toBe(code);
    expect(error.suggestion).toContain(suggestion);
  });

  it.each([
    [['job', 'status']],
    [['job', 'status', '']],
    [['job', 'status', 'job_1', 'job_2']],
    [['job', 'list', 'extra']],
    [['job', 'list', '--limit', '-1']],
    [['job', 'list', '--limit', '101']],
    [['job', 'list', '--status', 'done']],
    [['job', 'wait', 'job_1', '--wait-seconds', '1.5']],
    [['job', 'events', '--wait-seconds', '26']],
    [['job', 'list', '--timeout', 'soon']],
    [['job', 'list', '--output', 'yaml']],
    [['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '[1]']],
    [['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{oops']],
    [['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '@/nowhere/at/all.json']],
    [['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{}', '--idempotency-key', 'a b']],
    [['job', 'adopt', '--kind', 'http', '--connection', 'ci', '--input', '{}']],
    [['job', 'list', '--endpoint', 'ftp://127.0.0.1']],
    [['job', 'list', '--endpoint', 'http://user:pw@127.0.0.1']],
    [['serve', '--port', '70000']],
  ])('rejects %j', async (argv) => {
    await refused(argv);
  });

  it('rejects options beside --request that belong into it', async () => {
    const error = await refused(['job', 'start', '--request', '{}', '--kind', 'http', '--idempotency-key', 'k']);
    expect(error.message).toBe('--kind cannot stand beside --request: put it into the request');
  });

  it('rejects a bad endpoint or token of the environment, without showing the token', async () => {
    const error = await refused(['kinds'], { env: { UNTILDONE_ENDPOINT: 'nowhere', UNTILDONE_TOKEN: 'se cret\n' } });
    expect(error.message).toContain('UNTILDONE_ENDPOINT must be an http(s) URL');
    expect(error.message).toContain('UNTILDONE_TOKEN has characters');
    expect(JSON.stringify(error)).not.toContain('se cret');
  });

  it('rejects more than 64 KiB on stdin', async () => {
    const error = await refused(['job', 'start', '--request', '-'], { stdin: `{"a":"${'x'.repeat(65_536)}"}` });
    expect(error.code).toBe('STDIN_TOO_LARGE');
  });

  it('rejects stdin for two options', async () => {
    const error = await refused(
      ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '-', '--paths', '-'],
      { stdin: '{}' },
    );
    expect(error.message).toContain('reads it already');
  });

  it('rejects reading from a terminal instead of waiting for a person', async () => {
    const error = await refused(['job', 'start', '--request', '-'], { terminal: { stdin: true } }, 4);
    expect(error.code).toBe('INPUT_REQUIRED');
  });

  it('gives up on a stdin that never ends', async () => {
    const stream = new Readable({ read: () => {} });
    const read = await readJsonArgument('-', { stream, terminal: false, signal: AbortSignal.timeout(20) });
    expect(read).toEqual({ ok: false, message: 'could not be read from stdin: it did not end in time' });
    stream.destroy();
  });

  it('lists every problem to a person too', async () => {
    const { code, stdout, stderr } = await run(['job', 'list', '--limit', 'x', '--bogus'], {
      terminal: { stdout: true },
    });
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('error: 2 problems');
    expect(stderr).toContain('  --bogus is not an option');
    expect(stderr).toContain('  --limit must be a whole number from 0 to 100, not "x"');
  });

  it('takes options anywhere on the line', async () => {
    const server = await scriptedServer(() => ({ json: { items: [], next_cursor: null, has_more: false } }));
    const { code } = await run([
      '--timeout',
      '5',
      'job',
      '--output',
      'json',
      'list',
      '--endpoint',
      server.url,
      '--limit=3',
    ]);
    expect(code).toBe(0);
    expect(server.asked[0]?.query).toEqual({ limit: '3' });
  });
});
