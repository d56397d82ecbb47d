import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSqliteTokenStore } from '../../lib/embedded/sqlite-token-store.ts';
import { rewriteSecretFile } from '../../lib/embedded/token-keeping.ts';
import { noTokens } from '../../lib/transports/oauth/token-store.ts';
import { type TemporaryDirectory, temporaryDirectory } from '../support/temporary-directory.ts';

let directory: TemporaryDirectory;
const children: ChildProcess[] = [];
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  directory.remove();
});

const far_ms = 4e12;
const module = new URL('../../lib/embedded/sqlite-token-store.ts', import.meta.url).href;

/** A process that runs this over the store, says so, and lives on until it is killed. */
async function processThat(does: string, path: string): Promise<ChildProcess> {
  const code = `const { createSqliteTokenStore } = await import(${JSON.stringify(module)});
    const store = createSqliteTokenStore(${JSON.stringify(path)});
    ${does}
    console.log('did'); setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

describe('the token store of one machine', () => {
  it('ends the lease of a process that was killed, and keeps that of one that lives', async () => {
    const path = join(directory.path, 'octo');
    const child = await processThat(`await store.lease(0, 0, ${far_ms});`, path);
    const store = createSqliteTokenStore(path);
    expect(await store.lease(0, 1, far_ms)).toBe(false);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    expect(await store.lease(0, 1, far_ms)).toBe(true);
  });

  it('has all or nothing of what a process wrote that was killed while writing', async () => {
    const path = join(directory.path, 'octo');
    const writing = `const record = ${JSON.stringify(noTokens)};
      for (let version = 0; ; version += 1) {
        await store.save(version, { ...record, refresh_token: 'r' + (version + 1), access_token: 'a' + (version + 1) });
        await new Promise(setImmediate);
        if (version === 2) console.log('under way');
      }`;
    for (let kills = 0; kills < 3; kills += 1) {
      const own = `${path}-${kills}`;
      const child = await processThat(writing, own);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      const { version, record } = await createSqliteTokenStore(own).read();
      expect(version).toBeGreaterThan(0);
      expect([record.refresh_token, record.access_token]).toEqual([`r${version}`, `a${version}`]);
    }
  });
});

describe('a secret file that is written again', () => {
  it('is replaced at once, for its owner only, and nothing stays beside it', async () => {
    const path = join(directory.path, 'octo');
    writeFileSync(path, 'old\n', { mode: 0o644 });
    await rewriteSecretFile(path, 'old', 'new');
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory.path)).toEqual(['octo']);
  });
  it('stays as it is when somebody has written to it meanwhile', async () => {
    const path = join(directory.path, 'octo');
    writeFileSync(path, 'by a person\n');
    await rewriteSecretFile(path, 'old', 'new');
    expect(readFileSync(path, 'utf8')).toBe('by a person\n');
    expect(readdirSync(directory.path)).toEqual(['octo']);
  });
  it('stays a link', async () => {
    const [path, link] = [join(directory.path, 'octo'), join(directory.path, 'link')];
    writeFileSync(path, 'old');
    symlinkSync(path, link);
    await rewriteSecretFile(link, 'old', 'new');
    expect(readFileSync(path, 'utf8')).toBe('new\n');
    expect(readFileSync(link, 'utf8')).toBe('new\n');
    expect(readdirSync(directory.path)).toEqual(['link', 'octo']);
  });
});
