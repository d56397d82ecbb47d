import { describe, expect, it } from 'vitest';
import { aJob, aProblem, jobId } from './support/jobs.ts';
import { run } from './support/run.ts';
import { deadEndpoint, scriptedServer } from './support/scripted-server.ts';

const text = { terminal: { stdout: true } };

describe('job cancel', () => {
  it.each([
    [[], true],
    [['--no-remote'], false],
  ])('asks for the end with %j', async (flags, remote) => {
    const server = await scriptedServer(({ method }) => ({
      json: method === 'GET' ? aJob() : aJob({ phase: 'cancelling' }),
    }));
    const { code, envelope } = await run(['job', 'cancel', jobId, ...flags], { endpoint: server.url });
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({ phase: 'cancelling', cancel_command: `untildone job cancel ${jobId}` });
    expect(envelope.meta['effect']).toBe('updated');
    expect(server.asked.at(-1)).toMatchObject({ method: 'POST', path: `/v1/jobs/${jobId}/cancel`, body: { remote } });
  });

  it('leaves a job alone that has ended already', async () => {
    const server = await scriptedServer(() => ({ json: aJob({ status: 'complete' }) }));
    const { code, envelope } = await run(['job', 'cancel', jobId], { endpoint: server.url });
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({ status: 'complete' });
    expect(envelope.meta['effect']).toBe('noop');
    expect(server.asked.map(({ method }) => method)).toEqual(['GET']);
  });

  it('rejects unknown and malformed ids with exit 5', async () => {
    const server = await scriptedServer(() => aProblem(404, 'JOB_NOT_FOUND'));
    for (const id of [jobId, 'job_1'])
      expect((await run(['job', 'cancel', id], { endpoint: server.url })).code).toBe(5);
    expect(server.asked).toHaveLength(1);
  });
});

describe('job list and job events', () => {
  const page = { items: [aJob(), aJob({ status: 'failed', reason: 'timed_out' })], next_cursor: 'c2', has_more: true };
  const inbox = {
    events: [
      { event_id: 'evt_1', type: 'job.settled', timestamp: '2026-11-21T09:10:00Z', data: aJob({ status: 'complete' }) },
    ],
    next_cursor: 'e2',
    has_more: false,
  };

  it('lists a page of jobs with its cursor', async () => {
    const server = await scriptedServer(() => ({ json: page }));
    const argv = ['job', 'list', '--status', 'running', '--kind', 'http', '--limit', '2', '--cursor', 'c1', '--full'];
    const { code, envelope } = await run(argv, { endpoint: server.url });
    expect(code).toBe(0);
    expect(server.asked[0]).toMatchObject({
      path: '/v1/jobs',
      query: { status: 'running', kind: 'http', limit: '2', cursor: 'c1' },
    });
    expect(envelope.data).toMatchObject({ next_cursor: 'c2', has_more: true });
    expect(envelope.data).toMatchObject({
      items: [{ status_command: `untildone job status ${jobId}` }, { reason: 'timed_out' }],
    });
    expect(envelope.meta).toMatchObject({ cursor: 'c2', pagination: { returned: 2, truncated: true, has_more: true } });
  });

  it('reads a page of events and holds on for new ones', async () => {
    const server = await scriptedServer(() => ({ json: inbox }));
    const { envelope } = await run(['job', 'events', '--cursor', 'e1', '--wait-seconds', '25'], {
      endpoint: server.url,
    });
    expect(server.asked[0]).toMatchObject({ path: '/v1/events', query: { cursor: 'e1', wait_seconds: '25' } });
    expect(envelope.data).toMatchObject({
      events: [{ type: 'job.settled', data: { status_command: `untildone job status ${jobId}` } }],
    });
    expect(envelope.meta).toMatchObject({ cursor: 'e2' });
  });

  it('shows tables to a person', async () => {
    const jobs = await scriptedServer(() => ({ json: page }));
    expect((await run(['job', 'list'], { endpoint: jobs.url, ...text })).stdout).toMatch(
      /^JOB +KIND +NAME +STATUS +WHY +STARTED\njob_0.*\n.*timed_out.*\nMore: --cursor c2\n$/,
    );
    const events = await scriptedServer(() => ({ json: inbox }));
    expect((await run(['job', 'events'], { endpoint: events.url, ...text })).stdout).toMatch(/job\.settled +job_0/);
    const none = await scriptedServer(() => ({ json: { items: [], next_cursor: null, has_more: false } }));
    expect((await run(['job', 'list'], { endpoint: none.url, ...text })).stdout).toBe('No jobs.\n');
  });
});

describe('kinds', () => {
  it('lists what the server knows', async () => {
    const json = { kinds: [{ name: 'http', transport: 'http', description: null }] };
    const server = await scriptedServer(() => ({ json }));
    const { code, envelope } = await run(['kinds'], { endpoint: server.url });
    expect([code, envelope.data]).toEqual([0, json]);
    expect((await run(['kinds'], { endpoint: server.url, ...text })).stdout).toMatch(
      /^KIND +TRANSPORT +WHAT\nhttp +http +-\n$/,
    );
  });
});

describe('doctor', () => {
  const answers: Record<string, object> = {
    '/health': { ok: true, version: '0.1.0', engine: 'embedded' },
    '/v1/jobs': { items: [], next_cursor: null, has_more: false },
    '/v1/doctor': { checks: [{ name: 'connection ci', ok: true, message: 'reached' }] },
  };
  const serving = (changes: Record<string, object> = {}) =>
    scriptedServer(({ path }) => ({ json: { ...answers, ...changes }[path] ?? {} }));

  it('checks the endpoint, the authorisation and what the server checks itself', async () => {
    const server = await serving();
    const { code, envelope } = await run(['doctor', '--send-test'], { endpoint: server.url });
    expect(code).toBe(0);
    expect(envelope.data).toMatchObject({
      checks: [
        { name: 'endpoint', ok: true },
        { name: 'auth', ok: true },
        { name: 'connection ci', ok: true },
      ],
    });
    expect(server.asked.at(-1)).toMatchObject({ method: 'POST', path: '/v1/doctor', body: { send_test: true } });
  });

  it('fails with exit 1 when a check fails, and shows the table', async () => {
    const check = { name: 'target ops', ok: false, message: 'HTTP 500', fix_command: 'curl -I https://example.com' };
    const server = await serving({ '/v1/doctor': { checks: [check] } });
    const { code, envelope } = await run(['doctor'], { endpoint: server.url });
    expect(code).toBe(1);
    expect(envelope.error).toMatchObject({ code: 'CHECK_FAILED', fix_command: check.fix_command });
    const shown = await run(['doctor'], { endpoint: server.url, ...text });
    expect(shown.stdout).toMatch(/FAILS +target ops +HTTP 500 → curl/);
    expect(server.asked.at(-1)?.body).toEqual({ send_test: false });
  });

  it('fails with exit 12 and its report when nothing listens', async () => {
    const { code, envelope } = await run(['doctor'], { endpoint: await deadEndpoint() });
    expect(code).toBe(12);
    expect(envelope.data).toMatchObject({ checks: [{ name: 'endpoint', ok: false, fix_command: 'untildone serve' }] });
  });

  it('fails with exit 1 when the token is refused', async () => {
    const server = await scriptedServer(({ path }) =>
      path === '/health' ? { json: answers[path] } : aProblem(401, 'UNAUTHENTICATED'),
    );
    const { code, envelope } = await run(['doctor'], { endpoint: server.url });
    expect(code).toBe(1);
    expect(envelope.data).toMatchObject({ checks: [{ ok: true }, { name: 'auth', ok: false }] });
  });

  it('does without the checks of a server that has none, and says so', async () => {
    const server = await scriptedServer(({ path }) =>
      path === '/v1/doctor' ? aProblem(404, 'ROUTE_NOT_FOUND') : { json: answers[path] },
    );
    const { code, envelope } = await run(['doctor'], { endpoint: server.url });
    expect(code).toBe(0);
    expect(envelope.warnings).toEqual([expect.stringContaining('does not check')]);
  });

  it('begins with the checks of this machine that the root hands in', async () => {
    const server = await serving();
    const localChecks = async () => [{ name: 'data directory', ok: false, message: 'not writable' }];
    const { code, envelope } = await run(['doctor'], { endpoint: server.url, localChecks });
    expect(code).toBe(1);
    expect(envelope.data).toMatchObject({ checks: [{ name: 'data directory' }, {}, {}, {}] });
  });
});

describe('serve', () => {
  it('hands its options and its invocation to the server, and passes the exit code on', async () => {
    const seen: unknown[] = [];
    const serve = async ({ env: _, ...options }: Record<string, unknown>) => seen.push(options) - 1;
    const env = { npm_lifecycle_event: 'npx' };
    expect((await run(['serve'], { serve, env })).code).toBe(0);
    const argv = ['serve', '--host', '::1', '--port', '0', '--data-dir', 'd', '--config', 'c.json'];
    expect((await run(argv, { serve })).code).toBe(1);
    expect(seen).toEqual([
      {
        host: '127.0.0.1',
        port: 4646,
        data_dir: '.untildone',
        config: undefined,
        cli_command: 'npx --no-install untildone',
      },
      { host: '::1', port: 0, data_dir: 'd', config: 'c.json', cli_command: 'untildone' },
    ]);
  });

  it('fails without a stack when the server cannot be brought up', async () => {
    const serve = async () => {
      throw Object.assign(new Error('the port is taken'), {
        code: 'CONFIG_ERROR',
        problems: [{ path: 'port', message: 'in use' }],
      });
    };
    const { code, envelope } = await run(['serve'], { serve });
    expect(code).toBe(1);
    expect(envelope.error).toMatchObject({ code: 'CONFIG_ERROR', message: 'the port is taken' });
    const shown = await run(['serve'], { serve, ...text });
    expect(shown.stderr).toBe(
      'error: the port is taken\n  port in use\n  Mend what the message says before the command is run again.\n',
    );
  });

  it('fails clearly where no server comes with the CLI', async () => {
    expect((await run(['serve'])).envelope.error?.code).toBe('NOT_AVAILABLE');
  });
});
