import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { inject, onTestFinished } from 'vitest';
import { createStaticApp } from '../../examples/deploy-cli/static-app.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const program = fileURLToPath(new URL('../../examples/deploy-cli/deploy.ts', import.meta.url));

/** What a test does to the static server: hold a request back until it resolves, or answer in its place. */
type Meddle = (method: string, path: string) => Promise<void> | Response | undefined;

/** A static server, a folder to release, and `deploy` as if it were installed. Workers that still run are ended. */
export async function deployWorld(meddle: Meddle = () => undefined) {
  const place = temporaryDirectory();
  const [bin, site, state] = ['bin', 'site', 'state'].map((name) => join(place.path, name)) as [string, string, string];
  for (const folder of [bin, site, state]) mkdirSync(folder);
  writeFileSync(join(site, 'index.html'), '<h1>{{release}}</h1>');
  writeFileSync(join(site, 'style.css'), 'h1 { color: teal }');
  symlinkSync(program, join(bin, 'deploy'));

  const app = createStaticApp(join(place.path, 'served'));
  const server = createServer(
    getRequestListener(async (request) => {
      const meddled = meddle(request.method, new URL(request.url).pathname);
      if (meddled instanceof Response) return meddled;
      await meddled;
      return app.fetch(request);
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const path = [bin, dirname(process.execPath), process.env['PATH']].join(delimiter);
  const recordOf = (job_id: string): { worker_pid: number | null; status: string } =>
    JSON.parse(readFileSync(join(state, `${job_id}.json`), 'utf8'));

  onTestFinished(async () => {
    const records = readdirSync(state).filter((file) => /^dep_\w+\.json$/.test(file));
    for (const { worker_pid, status } of records.map((file) => recordOf(file.replace('.json', ''))))
      if (worker_pid !== null && status === 'running') endIfAlive(worker_pid);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    place.remove();
  });
  return {
    url,
    state,
    recordOf,
    // Kept over all tests of a run: types are stripped once.
    env: { PATH: path, DEPLOY_STATE_DIR: state, NODE_COMPILE_CACHE: join(inject('shared_directory'), 'compiled') },
    /** The paces are the test's; nothing else differs from what a person types. */
    release: `deploy release ${site} --server ${url} --probes 2 --probe-interval-ms 1 --poll-interval-ms 1`,
    served: async (file = '') => (await app.request(`/${file}`)).text(),
    current: async () =>
      ((await (await app.request('/.releases/current')).json()) as { release: string | null }).release,
    kept: () => readdirSync(join(place.path, 'served', 'releases')),
  };
}

/** Ends a worker of this test, if it is still there. */
export function endIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Something to wait for, that a test lets happen. */
export function gate(): { opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
