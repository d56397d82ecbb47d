import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { pollUntilDone, runPrinted } from './support/polling-loop.ts';
import { envelopeIn } from './support/run.ts';
import { scriptedServer } from './support/scripted-server.ts';
import { installed, start } from './support/spawned.ts';

/** Starts `untildone serve` on any free port and resolves with its address, which it says on stderr. */
async function serving(directory: string, path: string, upstream: string) {
  const config = join(directory, 'untildone.config.json');
  const ci = { transport: 'http', url: upstream, allow_http: true, allow_private_network: true };
  writeFileSync(config, JSON.stringify({ connections: { ci } }));
  const argv = ['serve', '--port', '0', '--data-dir', join(directory, 'jobs'), '--config', config];
  const server = start('untildone', argv, { PATH: path });
  const [, url = ''] = await server.said(/listens on (http:\/\/\S+)/);
  return { ...server, url };
}

it('takes a job from start to done with the real server: 3 while it runs, then 0', { timeout: 60_000 }, async () => {
  const place = installed();
  let looks = 0;
  const upstream = await scriptedServer(({ method }) => {
    if (method === 'POST') return { status: 201, json: { id: '42' } };
    looks += 1;
    return { json: { state: looks > 1 ? 'FINISHED' : 'RUNNING', progress: looks * 50 } };
  });
  const server = await serving(place.directory, place.path, upstream.url);
  try {
    const cli = async (...argv: string[]) => {
      const { code, stdout } = await start('untildone', argv, { PATH: place.path, UNTILDONE_ENDPOINT: server.url })
        .exited;
      return { code, envelope: envelopeIn(stdout, code ?? -1) };
    };
    const request = {
      kind: 'http',
      connection: 'ci',
      expected_seconds: 10,
      input: { start: { method: 'POST', url: '/runs', body: {} }, handle: { id: 'id' }, status: { url: '/runs/{id}' } },
      acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } }],
      paths: { progress: 'progress', upstream_state: 'state' },
    };
    const begin = ['job', 'start', '--request', JSON.stringify(request), '--idempotency-key', 'build-42'];
    const started = await cli(...begin);
    expect([started.code, started.envelope.data]).toEqual([
      0,
      expect.objectContaining({ status: 'running', progress_pct: 50 }),
    ]);
    const { job_id } = started.envelope.data as unknown as { job_id: string };

    expect((await cli('job', 'status', job_id)).code).toBe(3);
    expect((await cli(...begin)).envelope.data).toMatchObject({ job_id });
    expect((await cli(...begin, '--request', JSON.stringify({ ...request, expected_seconds: 11 }))).code).toBe(6);

    const waited = await cli('job', 'wait', job_id, '--wait-seconds', '15');
    expect([waited.code, waited.envelope.data]).toEqual([
      0,
      expect.objectContaining({ status: 'complete', checks: 2 }),
    ]);
    expect((await cli('job', 'status', job_id)).code).toBe(0);
    expect((await cli('job', 'cancel', job_id)).envelope.meta['effect']).toBe('noop');
    expect((await cli('job', 'list', '--status', 'complete')).envelope.data).toMatchObject({ items: [{ job_id }] });
    expect((await cli('job', 'events')).envelope.data).toMatchObject({
      events: [{ type: 'job.settled', data: { job_id } }],
    });
    expect((await cli('kinds')).envelope.data).toMatchObject({
      kinds: expect.arrayContaining([expect.objectContaining({ name: 'http' })]),
    });
    expect((await cli('doctor')).envelope.data).toMatchObject({
      checks: expect.arrayContaining([expect.objectContaining({ name: 'connection ci', ok: true })]),
    });
    expect((await cli('job', 'status', `job_${'0'.repeat(26)}`)).code).toBe(5);
    expect((await cli('job', 'start', '--kind', 'nope', '--connection', 'ci', '--input', '{}')).code).toBe(2);
  } finally {
    process.kill(server.pid, 'SIGTERM');
    const { code, stdout } = await server.exited;
    expect(envelopeIn(stdout, code ?? -1).ok).toBe(true);
    place.remove();
  }
});

it('watches the job of another program, which a polling loop drives to its end', { timeout: 60_000 }, async () => {
  const place = installed();
  symlinkSync(fileURLToPath(new URL('support/ci-program.ts', import.meta.url)), join(place.directory, 'ci'));
  const upstream = await scriptedServer((_, count) => ({ json: { state: count > 1 ? 'FINISHED' : 'RUNNING' } }));
  const server = await serving(place.directory, place.path, upstream.url);
  const env = { PATH: place.path, UNTILDONE_ENDPOINT: server.url };
  try {
    const { end, exits, last } = await pollUntilDone('ci build 42', env);
    expect([end, exits.at(-1)]).toEqual(['done', 0]);
    expect(last.data).toMatchObject({
      status: 'complete',
      status_command: expect.stringMatching(/^ci job status job_/),
    });
    // The same build is the same job, which is done.
    const { code, parsed } = await runPrinted('ci build 42', env);
    expect([code, parsed.data]).toEqual([0, expect.objectContaining({ status: 'complete' })]);
  } finally {
    process.kill(server.pid, 'SIGTERM');
    await server.exited;
    place.remove();
  }
});
