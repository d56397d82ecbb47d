import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import manifest from '../../package.json' with { type: 'json' };

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** Builds what is published and installs it in `directory`, beside the packages of this repository; the path of its command. */
export function buildPackage(directory: string): string {
  const installed = join(directory, 'node_modules', 'untildone');
  mkdirSync(join(installed, 'bin'), { recursive: true });
  execFileSync(process.execPath, ['build.ts', '--out', join(installed, 'dist')], { cwd: repository, stdio: 'inherit' });
  for (const file of ['package.json', 'bin/untildone.js']) cpSync(join(repository, file), join(installed, file));
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(directory, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(repository, 'node_modules', name), link);
  }
  return join(installed, 'bin', 'untildone.js');
}

/** The command as it runs in the repository: a file for each of its modules. */
export const sourceCommand: string = join(repository, 'bin', 'untildone.js');
