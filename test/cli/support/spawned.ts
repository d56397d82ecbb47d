import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const launcher = fileURLToPath(new URL('../../../bin/untildone.js', import.meta.url));

/** A directory that is gone after the tests, with the launcher in it as an installed `untildone`. */
export function installed(): { directory: string; path: string; remove(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-cli-'));
  symlinkSync(launcher, join(directory, 'untildone'));
  const path = [directory, dirname(process.execPath), process.env['PATH']].join(delimiter);
  return { directory, path, remove: () => rmSync(directory, { recursive: true, force: true }) };
}

/** A module that makes any Node say that it is an old one; `--require` does not pass on to a relaunch. */
export function oldNodePreload(directory: string): string {
  const file = join(directory, 'old-node.cjs');
  writeFileSync(file, "Object.defineProperty(process.versions, 'node', { value: '18.19.0' });\n");
  return file;
}

/** A module that hides packages from any Node, as if they had never been installed. */
export function hidingPreload(directory: string, names: readonly string[]): string {
  const file = join(directory, 'hiding.mjs');
  const text = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (!${JSON.stringify(names)}.includes(name)) return next(name, context);
  throw Object.assign(new Error('Cannot find package ' + name), { code: 'ERR_MODULE_NOT_FOUND' });
} });
`;
  writeFileSync(file, text);
  return file;
}

type Spawned = {
  pid: number;
  exited: Promise<{ code: number | null; signal: string | null; stdout: string; stderr: string }>;
  closeStdout(): void;
  /** Resolves with what matched on stderr; fails if the process ends before. */
  said(pattern: RegExp): Promise<RegExpExecArray>;
};

/** Starts a real process with an environment of its own; nothing of ours leaks in. */
export function start(command: string, argv: readonly string[], env: NodeJS.ProcessEnv): Spawned {
  const child = spawn(command, argv, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const exited = new Promise<Awaited<Spawned['exited']>>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const said = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(stderr);
        if (match !== null) resolve(match);
      };
      look();
      child.stderr.on('data', look);
      child.on('close', (code) => reject(new Error(`it ended with ${code} before it said ${pattern}: ${stderr}`)));
    });
  return { pid: child.pid ?? 0, exited, closeStdout: () => child.stdout.destroy(), said };
}
