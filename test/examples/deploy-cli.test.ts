import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { pollUntilDone, runPrinted } from '../cli/support/polling-loop.ts';
import { start } from '../cli/support/spawned.ts';
import { deployWorld, endIfAlive, gate } from './deploy-world.ts';

/* A loop that was written for the job protocol, and knows nothing of deployments, drives real processes. */

// Each look is a process; a busy machine takes seconds to start one.
vi.setConfig({ testTimeout: 60_000 });

it('deploys while the loop looks: 3 while its process works, then 0, and the new release is served', async () => {
  const uploads = gate();
  const world = await deployWorld((method) => (method === 'PUT' ? uploads.opened : undefined));
  const { end, exits, last } = await pollUntilDone(world.release, world.env, () => uploads.open());
  expect([end, exits[0], exits.at(-1)]).toEqual(['done', 3, 0]);
  expect(last.data).toMatchObject({
    status: 'complete',
    progress_pct: 100,
    result: { url: world.url, previous: null, files: 3 },
  });
  expect(last.warnings).toEqual([]);
  expect(await world.served()).toBe(`<h1>${await world.current()}</h1>`);
});

it('fails, and the release before is served again, when what is served is sick', async () => {
  let sick = false;
  const world = await deployWorld((method, path) =>
    sick && method === 'GET' && path === '/release.json' ? new Response('out of memory', { status: 500 }) : undefined,
  );
  await pollUntilDone(world.release, world.env);
  const before = await world.current();
  sick = true;
  const { end, exits, last } = await pollUntilDone(world.release, world.env);
  expect([end, exits.at(-1), last.error?.code]).toEqual(['failed', 4, 'JOB_FAILED']);
  expect(last.data).toMatchObject({
    reason: 'upstream_failed',
    message: expect.stringMatching(/answered 500: out of memory; switched back to dep_/),
  });
  expect([await world.current(), world.kept()]).toEqual([before, [before]]);
});

it('ends on cancel, and leaves nothing behind: 0 for the wish, 4 for the job', async () => {
  const uploads = gate();
  const world = await deployWorld((method) => (method === 'PUT' ? uploads.opened : undefined));
  const cancelled: unknown[] = [];
  const { end, exits, last } = await pollUntilDone(world.release, world.env, async (_, { cancel_command }) => {
    if (cancelled.length > 0) return;
    const { code, parsed } = await runPrinted(cancel_command, world.env);
    cancelled.push(code, parsed.meta['effect'], parsed.data);
    uploads.open();
  });
  expect(cancelled).toEqual([0, 'updated', expect.objectContaining({ status: 'running', phase: 'cancelling' })]);
  expect([end, exits.at(-1), last.error?.code]).toEqual(['failed', 4, 'JOB_CANCELLED']);
  expect([await world.current(), world.kept()]).toEqual([null, []]);
  const again = await runPrinted(String((last.data as Record<string, unknown>)['cancel_command']), world.env);
  expect([again.code, again.parsed.meta['effect']]).toEqual([0, 'noop']);
});

it('is failed, not running for ever, when its process is killed', async () => {
  const uploads = gate();
  const world = await deployWorld((method) => (method === 'PUT' ? uploads.opened : undefined));
  const { end, exits, last } = await pollUntilDone(world.release, world.env, (_, { status_command }) => {
    const { worker_pid } = world.recordOf(status_command.split(' ').at(-1) ?? '');
    if (worker_pid !== null) endIfAlive(worker_pid);
  });
  expect([end, exits.at(-1)]).toEqual(['failed', 4]);
  expect(last.data).toMatchObject({
    reason: 'internal_error',
    next_step: expect.stringContaining('before you deploy'),
  });
});

it('waits with "job wait", and says what it is with --schema', async () => {
  const world = await deployWorld();
  const { parsed } = await runPrinted(world.release, world.env);
  const { job_id } = parsed.data as unknown as { job_id: string };
  const waited = await runPrinted(`deploy job wait ${job_id}`, world.env);
  expect([waited.code, waited.parsed.data]).toEqual([0, expect.objectContaining({ status: 'complete' })]);

  const { parsed: schema } = await runPrinted('deploy release --schema', world.env);
  expect(schema.data).toMatchObject({
    command: 'release',
    async: true,
    input: { required: ['directory'], properties: { directory: { type: 'string' }, probes: { default: 10 } } },
    job_descriptor_schema: { properties: { result: { properties: { url: { format: 'uri' } } } } },
    exit_codes: { '4': { name: 'START_REJECTED' } },
  });
});

it.each([
  ['deploy job status dep_unknown', 5, 'JOB_NOT_FOUND'],
  ['deploy job status ../secret', 5, 'JOB_NOT_FOUND'],
  ['deploy release', 2, 'INVALID_ARGUMENTS'],
  ['deploy release . --probes many', 2, 'INVALID_ARGUMENTS'],
  ['deploy release . --porbes 2', 2, 'UNKNOWN_OPTION'],
  ['deploy release no-such-folder', 4, 'NO_SUCH_FOLDER'],
])('rejects %s: exit %d, no data', async (command, exit, error) => {
  const world = await deployWorld();
  const { code, parsed } = await runPrinted(command, world.env);
  expect([code, parsed.error?.code, parsed.data]).toEqual([exit, error, null]);
});

it('deploys to the server of the example', async () => {
  const world = await deployWorld();
  const script = fileURLToPath(new URL('../../examples/deploy-cli/static-server.ts', import.meta.url));
  const server = start(process.execPath, [script, '0', join(world.state, 'served')], world.env);
  try {
    const [, url = ''] = await server.said(/on (http:\/\/\S+)/);
    const { end } = await pollUntilDone(world.release.replace(world.url, url), world.env);
    expect([end, (await fetch(`${url}/style.css`)).headers.get('content-type')]).toEqual(['done', 'text/css']);
    expect((await fetch(`${url}/..%2Fcurrent`)).status).toBe(404);
  } finally {
    process.kill(server.pid, 'SIGTERM');
    await server.exited;
  }
});
