import { describe, expect, it } from 'vitest';
import { closestWord } from '../../lib/cli/closest-word.ts';
import { allCommands } from '../../lib/cli/commands/all-commands.ts';
import { invokedAs, withOwnCommands } from '../../lib/cli/invoked-as.ts';
import { durationOf } from '../../lib/cli/plain-text.ts';
import { progressBar, progressLine, remainingOf } from '../../lib/cli/progress.ts';
import { aJob, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';

describe('help, version, schema and manifest', () => {
  it.each([
    [[]],
    [['--help']],
    [['-h']],
    [['help']],
    [['job']],
    [['job', 'wait', '--help']],
    [['help', 'job', 'start']],
  ])('prints help to stderr and an envelope to stdout for %j', async (argv) => {
    const { code, envelope, stderr } = await run(argv);
    expect(code).toBe(0);
    expect(envelope.meta.help).toBe(true);
    expect(stderr).toMatch(/^Usage: untildone/);
  });

  it('prints help to a person without a document', async () => {
    const { code, stdout, stderr } = await run(['job', 'start', '--help'], { terminal: { stdout: true } });
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr).toContain("--input '{");
  });

  it('prints the version', async () => {
    expect((await run(['--version'])).envelope.data).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  it.each(allCommands.map((command) => [command.path.join(' '), command] as const))(
    'describes %s with --schema',
    async (name, command) => {
      const { code, envelope } = await run([...command.path, '--schema']);
      expect(code).toBe(0);
      expect(envelope.data).toMatchObject({
        command: name,
        input: { type: 'object' },
        exit_codes: { 0: {}, 1: {}, 2: {} },
      });
    },
  );

  it('declares that starting is asynchronous and what 3, 4, 7 and 5 mean', async () => {
    const start = await run(['job', 'start', '--schema']);
    expect(start.envelope.data).toMatchObject({
      async: true,
      job_descriptor_schema: { properties: { terminal: { type: 'boolean' } } },
    });
    const status = await run(['job', 'status', '--schema']);
    expect(status.envelope.data).toMatchObject({
      input: { required: ['job_id'], properties: { job_id: { pattern: '^job_[0-9a-z]{26}$' } } },
      exit_codes: {
        0: { name: 'JOB_COMPLETE' },
        3: { name: 'JOB_RUNNING' },
        4: { name: 'JOB_FAILED' },
        5: { name: 'NOT_FOUND' },
        7: { name: 'JOB_TIMED_OUT' },
      },
    });
  });

  it('lists every command in the manifest, and nothing again for its own etag', async () => {
    const first = await run(['manifest']);
    const manifest = first.envelope.data;
    if (manifest === null || Array.isArray(manifest)) throw new Error('no manifest');
    expect(Object.keys(manifest).sort()).toEqual(['commands', 'etag', 'framework_version', 'schema_version']);
    expect(Object.keys(manifest['commands'] as object)).toEqual(allCommands.map((command) => command.path.join('.')));
    expect(manifest['commands']).toMatchObject({
      'job.start': {
        async: true,
        flags: { 'expected-seconds': { type: 'integer', required: false }, label: { type: 'array' } },
      },
      'job.list': { flags: { status: { type: 'enum', enum_values: ['running', 'complete', 'failed', 'cancelled'] } } },
      'job.cancel': { danger_level: 'destructive', flags: { 'no-remote': { type: 'boolean' } } },
    });
    const again = await run(['manifest', '--etag', String(manifest['etag'])]);
    expect(again.envelope).toMatchObject({ data: null, meta: { not_modified: true } });
  });

  it('keeps every exit code inside the published ranges, and retryable only where nothing changes', () => {
    for (const { exit_codes } of allCommands)
      for (const [code, { description, retryable, side_effects }] of Object.entries(exit_codes)) {
        expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 78, 130, 143]).toContain(Number(code));
        expect(description.length).toBeLessThanOrEqual(120);
        if (retryable) expect(side_effects).toBe('none');
      }
  });

  it('prints text or JSON wherever it is told to', async () => {
    const text = await run(['manifest', '--output', 'text']);
    expect(text.stdout).toMatch(/^COMMAND +WHAT IT DOES\n/);
    const json = await run(['manifest', '--output=json'], { terminal: { stdout: true } });
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: true });
  });
});

describe('the invocation in printed commands', () => {
  it.each([
    ['untildone', {}],
    ['untildone', { npm_command: 'run-script', npm_lifecycle_event: 'test' }],
    ['npx --no-install untildone', { npm_command: 'exec' }],
    ['npx --no-install untildone', { npm_lifecycle_event: 'npx' }],
    [
      'npx --no-install untildone',
      { npm_command: 'exec', npm_lifecycle_event: 'npx', npm_lifecycle_script: "'untildone'" },
    ],
    ['npx --no-install untildone', { npm_command: 'exec', npm_lifecycle_script: 'untildone job list' }],
    ['untildone', { npm_command: 'exec', npm_lifecycle_event: 'npx', npm_lifecycle_script: "'vitest'" }],
  ])('is "%s" for %o', (command, env) => {
    expect(invokedAs(env)).toBe(command);
  });

  it('replaces what stands before the command and nothing else', () => {
    const rewritten = withOwnCommands({ ...aJob(), cancel_command: 'something else entirely' }, 'untildone');
    expect(rewritten).toEqual({
      ...aJob(),
      status_command: `untildone job status ${jobId}`,
      cancel_command: 'something else entirely',
    });
    expect(withOwnCommands(null, 'untildone')).toBeNull();
  });
});

describe('progress', () => {
  const started = Date.parse('2026-11-21T09:00:00Z');
  it.each([
    [aJob(), 192_000, 'running 60 % · polling · 12 checks · 3m12s of ~10m30s'],
    [aJob({ progress_pct: null, checks: 1 }), 5000, 'running · polling · 1 check · 5s of ~10m30s'],
    [aJob({ phase: 'cancelling', progress_pct: 140 }), -5000, 'running 100 % · cancelling · 12 checks · 0s of ~10m30s'],
  ])('reads as one line', (job, after_ms, line) => {
    expect(progressLine(job, started + after_ms)).toBe(line);
  });

  it.each([
    [aJob({ progress_pct: 60 }), 60_000, 40_000],
    [aJob({ progress_pct: null }), 600_000, 30_000],
    [aJob({ progress_pct: 2 }), 600_000, 30_000],
    [aJob({ progress_pct: null }), 700_000, undefined],
  ])('estimates what is left from the progress, else from the expectation', (job, after_ms, left) => {
    expect(remainingOf(job, started + after_ms)).toBe(left);
  });

  it('fits the terminal', () => {
    expect(progressBar(aJob(), started, 40)).toHaveLength(39);
    expect(progressBar(aJob({ progress_pct: null }), started + 315_000, 200)).toContain(
      '[############------------] ~50 %',
    );
  });

  it.each([
    [0, '0s'],
    [59_400, '59s'],
    [192_000, '3m12s'],
    [3_600_000, '1h00m'],
    [90_000_000, '1d01h'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(durationOf(ms)).toBe(text);
  });
});

describe('did you mean', () => {
  it.each([
    ['statsu', 'status'],
    ['cancle', 'cancel'],
    ['ev', undefined],
    ['eve', 'events'],
    ['frobnicate', undefined],
  ])('%s → %s', (word, meant) => {
    expect(closestWord(word, ['start', 'status', 'cancel', 'list', 'events'])).toBe(meant);
  });
});
