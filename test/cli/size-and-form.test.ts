import { describe, expect, it } from 'vitest';
import { allCommands } from '../../lib/cli/commands/all-commands.ts';
import { aJob, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';
import { type Reply, scriptedServer } from './support/scripted-server.ts';

const long = (length: number): string => 'x'.repeat(length);
const bigJob = aJob({
  status: 'failed',
  reason: 'upstream_failed',
  message: long(2048),
  warnings: [long(500), long(500), long(500)],
  result: { text: long(8000) },
  observed: { _source: 'external', _trusted: false, value: { text: long(8000) } },
});
const bigEvent = { event_id: 'evt_1', type: 'job.settled', timestamp: '2026-11-21T09:10:00Z', data: bigJob };
const bigKind = {
  name: 'k',
  transport: 'http',
  description: long(200),
  starts: true,
  cancels: true,
  input: [],
  handle: [],
};

const bigGrant = {
  connection: 'octoperf',
  issuer: 'https://login.example.com',
  client_id: 'c-1',
  resource: 'https://api.example.com/mcp',
  scope: long(4000),
  stored_at: 'file:.secrets/octo',
};

/** A server whose answers are as long as they get; it pages as ours does. */
const bigServer = (count = 100) =>
  scriptedServer(({ path, method, query }): Reply => {
    const limit = Number(query['limit'] ?? 20);
    const from = Number(query['cursor'] ?? 0);
    const rows = <Row>(row: (number: number) => Row): Row[] =>
      Array.from({ length: Math.min(limit, count - from) }, (_, index) => row(from + index));
    const next_cursor = String(from + Math.min(limit, count - from));
    const page = { next_cursor, has_more: Number(next_cursor) < count };
    if (path === '/health') return { json: { ok: true, version: '1', engine: 'embedded' } };
    if (path === '/v1/doctor')
      return { json: { checks: rows((number) => ({ name: `c${number}`, ok: number > 2, message: long(300) })) } };
    if (path === '/v1/kinds') return { json: { kinds: rows((number) => ({ ...bigKind, name: `k${number}` })) } };
    if (path === '/v1/events')
      return { json: { events: rows((number) => ({ ...bigEvent, event_id: `evt_${number}` })), ...page } };
    if (path === '/v1/jobs' && method === 'GET')
      return { json: { items: rows((number) => ({ ...bigJob, name: `job ${number}` })), ...page } };
    return { status: method === 'POST' ? 202 : 200, json: bigJob };
  });

const start = ['job', 'start', '--kind', 'http', '--connection', 'ci', '--input', '{}'];
const adopt = ['job', 'adopt', '--kind', 'http', '--connection', 'ci', '--handle', '{}'];

describe('the size of an answer', () => {
  const calls = [
    start,
    adopt,
    ['job', 'status', jobId],
    ['job', 'wait', jobId],
    ['job', 'cancel', jobId],
    ['job', 'list'],
    ['job', 'events'],
    ['kinds'],
    ['doctor'],
    ['check-permissions'],
    ['connect', 'octoperf'],
    ['--help'],
    ['job', 'start', '--help'],
    ['job', 'start'],
  ];
  it.each(calls)('stays under 2 KB: %s %s %s', async (...argv) => {
    const server = await bigServer();
    const { stdout } = await run(
      argv.filter((word) => word !== undefined),
      { endpoint: server.url, connect: async () => ({ ok: true, data: bigGrant }) },
    );
    expect(Buffer.byteLength(stdout)).toBeLessThan(2048);
  });

  it('knows every command but those that are asked for everything', () => {
    const tried = calls.map((argv) =>
      argv
        .filter((word) => /^[a-z-]+$/.test(word) && !word.startsWith('-'))
        .slice(0, 2)
        .join(' '),
    );
    const names = allCommands.map(({ path }) => path.join(' '));
    expect(names.filter((name) => !tried.some((one) => one === name || one.startsWith(`${name} `)))).toEqual([
      'serve',
      'manifest',
    ]);
  });

  it('says what was left out, and gives all of it with --full', async () => {
    const server = await bigServer();
    const short = await run(['job', 'status', jobId], { endpoint: server.url });
    expect(short.envelope.data).toMatchObject({ job_id: jobId, result: null, reason: 'upstream_failed' });
    expect(short.envelope.meta).toMatchObject({
      truncated: true,
      left_out: expect.arrayContaining(['observed.value', 'result']),
      truncation_hint: expect.stringContaining(`untildone job status ${jobId} --full`),
    });
    const full = await run(['job', 'status', jobId, '--full'], { endpoint: server.url });
    expect(full.envelope.data).toMatchObject({ result: { text: long(8000) }, message: long(2048) });
    expect(full.envelope.meta).not.toHaveProperty('truncated');
  });

  it('has fewer rows where twenty would not fit, and goes on without skipping one', async () => {
    const server = await bigServer(12);
    const names: unknown[] = [];
    for (let cursor: string | undefined; ; ) {
      const argv = ['job', 'list', ...(cursor === undefined ? [] : ['--cursor', cursor])];
      const { envelope } = await run(argv, { endpoint: server.url });
      const page = envelope.data as unknown as { items: { name: string }[]; next_cursor: string; has_more: boolean };
      names.push(...page.items.map(({ name }) => name));
      cursor = page.next_cursor;
      if (!page.has_more) break;
    }
    expect(names).toEqual(Array.from({ length: 12 }, (_, number) => `job ${number}`));
  });

  it('has as many rows as are asked for, brief ones, and all of them with --limit 0', async () => {
    const server = await bigServer(250);
    const forty = await run(['job', 'list', '--limit', '40'], { endpoint: server.url });
    expect(forty.envelope.meta).toMatchObject({
      pagination: { returned: 40, has_more: true, total: null },
      truncated: true,
    });
    const all = await run(['job', 'events', '--limit', '0'], { endpoint: server.url });
    expect(all.envelope.meta).toMatchObject({ pagination: { returned: 250, has_more: false } });
  });

  it('never passes 1 MiB, nor what UNTILDONE_MAX_OUTPUT_BYTES says', async () => {
    const server = await bigServer(100);
    const whole = await run(['job', 'list', '--full', '--limit', '100'], { endpoint: server.url });
    expect(Buffer.byteLength(whole.stdout)).toBeLessThan(1024 * 1024);
    expect(whole.envelope.meta).toMatchObject({
      truncated: true,
      truncation_hint: expect.stringContaining('next_cursor'),
    });
    const env = { UNTILDONE_MAX_OUTPUT_BYTES: '30000' };
    const small = await run(['job', 'list', '--full', '--limit', '100'], { endpoint: server.url, env });
    expect(Buffer.byteLength(small.stdout)).toBeLessThan(30_000);
  });
});

describe('what an answer is written as', () => {
  it.each([
    ['stdout is no terminal', {}, false],
    ['CI is set', { CI: 'true' }, true],
    ['GITHUB_ACTIONS is set', { GITHUB_ACTIONS: 'true' }, true],
    ['NO_COLOR is set', { NO_COLOR: '1' }, true],
  ])('is JSON where %s', async (_name, env, stdout) => {
    const server = await scriptedServer(() => ({ json: aJob({ status: 'complete' }) }));
    const ran = await run(['job', 'status', jobId], {
      endpoint: server.url,
      env,
      terminal: { stdout, stderr: stdout },
    });
    expect(ran.envelope.ok).toBe(true);
    expect(ran.stdout + ran.stderr).not.toContain('\u001b');
  });

  it('is rows with tabs for --output tsv, and text for --output plain', async () => {
    const json = { items: [aJob({ name: 'a\tb' })], next_cursor: null, has_more: false };
    const server = await scriptedServer(() => ({ json }));
    const tsv = await run(['job', 'list', '--output', 'tsv'], { endpoint: server.url });
    expect(tsv.stdout.split('\n').map((line) => line.split('\t').length)).toEqual([6, 6, 1]);
    const plain = await run(['job', 'list', '--output', 'plain'], { endpoint: server.url });
    expect(plain.stdout).toMatch(/^JOB +KIND/);
    expect((await run(['doctor', '--output', 'tsv'], { endpoint: server.url })).code).toBe(2);
  });

  it('is a line a row for --output jsonl, and the envelope with the cursor', async () => {
    const server = await bigServer(3);
    const { stdout } = await run(['job', 'events', '--output', 'jsonl', '--limit', '3'], { endpoint: server.url });
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map((line) => line.event_id ?? line.data.next_cursor)).toEqual(['evt_0', 'evt_1', 'evt_2', '3']);
  });
});
