import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { exampleFile, exitAfter, killChildren, listening, startExample, startNode } from './child.ts';
import { startRun } from './load-test-client.ts';

afterAll(killChildren);

describe.concurrent('the processes of the load-test example', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'the service exits with 0 on %s, even in the middle of a run',
    async (signal) => {
      const [service, target] = await Promise.all([startExample('server.ts'), startExample('target.ts')]);
      await startRun(service.url, { url: target.url, duration_seconds: 60, connections: 1 });

      const exit = await exitAfter(service.child, () => service.child.kill(signal));

      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.afterMs).toBeLessThan(1000);
      expect(service.lines).toEqual([JSON.stringify({ listening: service.url })]);
    },
  );

  it.for(['server.ts', 'target.ts'])(
    '%s exits when the process that started it is killed',
    async (file, { expect, onTestFailed }) => {
      const args = JSON.stringify([exampleFile(file), '--exit-with-parent']);
      const script = `
      const child = require('node:child_process').spawn(process.execPath, ${args}, { stdio: ['pipe', 'inherit', 'inherit'] });
      process.stderr.write(String(child.pid));`;
      const parent = startNode(['--eval', script]);
      const pid = once(parent.stderr ?? parent, 'data').then(([text]) => Number(text));
      const { url } = await listening(parent);
      onTestFailed(async () => void process.kill(await pid));
      expect(await answers(url)).toBe(true);

      await exitAfter(parent, () => parent.kill('SIGKILL'));

      // The expect of this test: the imported one belongs to no test while concurrent tests come and go.
      await expect.poll(() => answers(url), { interval: 20, timeout: 3000 }).toBe(false);
    },
  );

  it.each(['server.ts', 'target.ts'])(
    '%s exits with 0 when its IPC channel closes, whatever its stdin is',
    async (file) => {
      const child = startNode([exampleFile(file), '--exit-with-parent'], ['ignore', 'pipe', 'inherit', 'ipc']);
      const { url } = await listening(child);
      expect(await answers(url)).toBe(true);

      expect(await exitAfter(child, () => child.disconnect())).toMatchObject({ code: 0, signal: null });
    },
  );

  it('outlives its stdin when it was not told to exit with its parent', async () => {
    const { child, url } = await startExample('target.ts');
    child.stdin?.end();
    await wait(100);
    expect(await answers(url)).toBe(true);
  });

  it.each([
    [['--token-env', 'NO_SUCH_VARIABLE'], 'NO_SUCH_VARIABLE, which is not set'],
    [['--host', '0.0.0.0'], 'give a token with --token-env'],
    [['--port', '70000'], 'wanted a whole number from 0 to 65535'],
  ])('refuses to start with %j and says why', async (args, why) => {
    const child = startNode([exampleFile('server.ts'), ...args]);
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });

    const [code] = await once(child, 'close');

    expect(code).toBe(1);
    expect(stderr).toContain(why);
  });
});

async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`, { headers: { connection: 'close' } }).then(
    (response) => response.ok,
    () => false,
  );
}
