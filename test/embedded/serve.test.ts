import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { hidingPreload, start } from '../cli/support/spawned.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const program = fileURLToPath(new URL('../../bin/untildone.ts', import.meta.url));
const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});
function temporary(): string {
  const directory = temporaryDirectory();
  close.push(directory.remove);
  return directory.path;
}
function serve(
  argv: string[],
  env: NodeJS.ProcessEnv = {},
): ReturnType<typeof start> & { end: (signal: NodeJS.Signals) => void } {
  const child = start(process.execPath, [program, 'serve', '--data-dir', temporary(), ...argv], env);
  let over = false;
  const exited = child.exited.finally(() => {
    over = true;
  });
  const end = (signal: NodeJS.Signals): void => void (over || process.kill(child.pid, signal));
  close.push(async () => {
    end('SIGKILL');
    await exited;
  });
  return { ...child, exited, end };
}
/** What a user is told whose server does not start; `--port 0`, so that only the fault at hand can be told. */
async function refusal(argv: string[], env: NodeJS.ProcessEnv = {}) {
  const { code, stdout, stderr } = await serve(['--port', '0', ...argv], env).exited;
  expect(JSON.parse(stdout)).toMatchObject({ ok: false, error: { code: 'CONFIG_ERROR' }, meta: { exit_code: 78 } });
  expect(stderr).not.toMatch(/^\s+at /m);
  return { code, stderr };
}
function configured(text: string): string {
  const path = join(temporary(), 'config.json');
  writeFileSync(path, text);
  return path;
}
/** CPU time of a process so far, seconds; undefined where there is no /proc (proc(5): fields 14 and 15, in hundredths). */
function workSeconds(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const [, fields = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [user, system] = fields.split(' ').slice(11, 13).map(Number);
  return ((user ?? Number.NaN) + (system ?? Number.NaN)) / 100;
}
const listening = /untildone listens on (http:\/\/\S+)/;

describe('untildone serve, with a connection over MCP', () => {
  const config = (): string =>
    configured(JSON.stringify({ connections: { tools: { transport: 'mcp', url: 'https://tools.example.com/mcp' } } }));
  // Its own work is counted, since the machine may be busy with others'; where that cannot be read, the clock is.
  it('says where it listens after less than 3 s', async () => {
    const begun_ms = performance.now();
    const child = serve(['--port', '0', '--config', config()]);
    await child.said(listening);
    expect(workSeconds(child.pid) ?? (performance.now() - begun_ms) / 1000).toBeLessThan(3);
  });
  it('loads neither MCP library before it is asked for', async () => {
    const hiding = hidingPreload(temporary(), ['@modelcontextprotocol/client', '@modelcontextprotocol/server']);
    const child = serve(['--port', '0', '--config', config()], { NODE_OPTIONS: `--import=${hiding}` });
    const [, url = ''] = await child.said(listening);
    // What is hidden is really missed as soon as a tool is asked for.
    const asked = await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(asked.status).toBe(500);
    await asked.body?.cancel();
  });
});

describe('untildone serve, in a hurry', () => {
  it('loads no other command', async () => {
    const hiding = hidingPreload(temporary(), ['./commands/all-commands.ts']);
    const env = { NODE_OPTIONS: `--import=${hiding}` };
    await serve(['--port', '0'], env).said(listening);
    // What is hidden is really missed as soon as there is something to say of the other commands.
    const { code, stderr } = await serve(['--endpoint', 'http://127.0.0.1:1'], env).exited;
    expect([code, stderr]).toEqual([1, expect.stringContaining('Cannot find package ./commands/all-commands.ts')]);
  });
  it('leaves what was compiled to the process that comes after it, however it ends', async () => {
    const cache = temporary();
    const server = serve(['--port', '0'], { NODE_COMPILE_CACHE: cache });
    const [, url] = await server.said(listening);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    server.end('SIGKILL');
    await server.exited;
    const kept = readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(kept.length).toBeGreaterThan(100);
  });
});

describe('untildone serve exits with 78 and says what to do', () => {
  it('when the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    close.push(() => new Promise((resolve) => other.close(resolve)));
    const address = other.address();
    const port = String(typeof address === 'object' && address !== null ? address.port : 0);
    expect(await refusal(['--port', port])).toEqual({
      code: 78,
      stderr: `untildone: port ${port} on 127.0.0.1 is taken, perhaps by another untildone; stop it or give another --port\n`,
    });
  });

  it('when others could reach it and no token is set', async () => {
    const { code, stderr } = await refusal(['--host', '0.0.0.0']);
    expect([code, stderr]).toEqual([
      78,
      'untildone: --host 0.0.0.0 can be reached by others, and nothing would keep them out; set UNTILDONE_TOKEN, or listen on 127.0.0.1\n',
    ]);
  });

  it('when the address is not one of this machine', async () => {
    const { code, stderr } = await refusal(['--host', '192.0.2.1'], { UNTILDONE_TOKEN: 't' });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^untildone: cannot listen on 192\.0\.2\.1:0: .*EADDRNOTAVAIL/);
  });

  it('when secrets are missing, all at once and by path', async () => {
    const url = 'https://ci.example.com';
    const config = configured(
      JSON.stringify({
        connections: {
          ci: { transport: 'http', url, auth: { type: 'bearer', token: 'env:CI_TOKEN' } },
          other: { transport: 'http', url, auth: { type: 'bearer', token: 'file:not-there' } },
        },
        announce: { webhooks: [{ url, secret: 'env:HOOK' }] },
      }),
    );
    const { code, stderr } = await refusal(['--config', config]);
    expect(code).toBe(78);
    expect(stderr).toContain('untildone: the configuration refers to secrets that are not there');
    expect(stderr).toMatch(/^ {2}connections\.ci\.auth\.token: .*CI_TOKEN/m);
    expect(stderr).toMatch(/^ {2}connections\.other\.auth\.token: .*not-there/m);
    expect(stderr).toMatch(/^ {2}announce\.webhooks\.0\.secret: .*HOOK/m);
  });

  it('when the configuration is not JSON', async () => {
    const config = configured('{ "connections": { }, }');
    const { code, stderr } = await refusal(['--config', config]);
    expect(code).toBe(78);
    expect(stderr).toContain(`untildone: the configuration ${config} is not JSON: `);
  });

  it('when it has unknown keys and wrong values, each with its path', async () => {
    const config = configured(
      JSON.stringify({
        conections: {},
        retention_days: 0,
        connections: { ci: { transport: 'http', url: 'http://ci.example.com' } },
      }),
    );
    const { code, stderr } = await refusal(['--config', config]);
    expect(code).toBe(78);
    expect(stderr).toMatch(/^untildone: the configuration .* has 3 problem\(s\)$/m);
    expect(stderr).toMatch(/conections/);
    expect(stderr).toMatch(/^ {2}retention_days: /m);
    expect(stderr).toMatch(/^ {2}connections\.ci\.url: is plain http; use https/m);
  });

  it('when the file that was named is not there', async () => {
    const path = join(temporary(), 'none.json');
    expect(await refusal(['--config', path])).toEqual({
      code: 78,
      stderr: `untildone: the configuration ${path} cannot be read; name an existing file with --config\n`,
    });
  });

  it('when another server holds the data directory', async () => {
    const directory = temporary();
    const first = serve(['--port', '0', '--data-dir', directory]);
    await first.said(listening);
    const { code, stderr } = await refusal(['--data-dir', directory]);
    expect([code, stderr]).toEqual([
      78,
      `untildone: ${join(directory, 'untildone.db')} is held by another untildone process; stop it, or use another --data-dir\n`,
    ]);
  });
});

describe('untildone serve', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends cleanly at %s, with exit code 0', async (signal) => {
    const server = serve(['--port', '0']);
    const [, url] = await server.said(listening);
    expect((await fetch(`${url}/health`)).status).toBe(200);
    server.end(signal);
    const { code, stderr } = await server.exited;
    expect(code).toBe(0);
    expect(stderr).toMatch(new RegExp(`untildone: ${signal}, letting what is under way end`));
    expect(stderr).toMatch(/untildone: stopped after \d+s/);
  });

  it('says what to put into the configuration when there is no connection', async () => {
    const server = serve(['--port', '0']);
    await server.said(/"connections": \{ "ci"/);
  });

  it('wants its token from everybody when one is set, on any address', async () => {
    const server = serve(['--port', '0', '--host', '0.0.0.0'], { UNTILDONE_TOKEN: 'open-sesame' });
    const [, url = ''] = await server.said(listening);
    const local = url.replace('0.0.0.0', '127.0.0.1');
    const statusWith = async (headers: Record<string, string>) => (await fetch(`${local}/v1/jobs`, { headers })).status;
    expect(await statusWith({})).toBe(401);
    expect(await statusWith({ authorization: 'Bearer sesame' })).toBe(401);
    expect(await statusWith({ authorization: 'Bearer open-sesame' })).toBe(200);
  });
});
