import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
export const root = fileURLToPath(new URL('../../', import.meta.url));
export const toolIn = (name: string): string => join(root, 'node_modules/.bin', name);

/** Only what a shell has: nothing of the npm that may have started us. */
export const plainEnv = (): NodeJS.ProcessEnv => ({
  PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
  HOME: process.env['HOME'],
});

/** Packs this repository as it would be published, building it first; the path of the tarball. */
export async function pack(into: string): Promise<string> {
  await run('npm', ['pack', '--pack-destination', into], { cwd: root, env: plainEnv() });
  const [tarball = ''] = readdirSync(into).filter((file) => file.endsWith('.tgz'));
  return join(into, tarball);
}

/**
 * An empty project with the tarball installed: unpacked, and of its dependencies those that it declares, as links to what is
 * installed here, so that neither the network nor much time is needed, and what it does not declare is not found.
 */
export async function install(tarball: string, into: string, peers: readonly string[] = []) {
  const modules = join(into, 'node_modules');
  const own = join(modules, 'untildone');
  mkdirSync(own, { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', own, '--strip-components', '1']);
  const { dependencies, bin } = JSON.parse(readFileSync(join(own, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), ...peers]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  mkdirSync(join(modules, '.bin'));
  symlinkSync(join('..', 'untildone', bin.untildone), join(modules, '.bin', 'untildone'));
  writeFileSync(join(into, 'package.json'), '{ "name": "consumer", "private": true, "type": "module" }');
  return {
    directory: into,
    /** Every file of the package, by its path in it. */
    files: () => readdirSync(own, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()),
    path: [join(modules, '.bin'), plainEnv()['PATH']].join(':'),
    /** Runs a module of the project's, ESM unless its name ends in `.cjs`. */
    node: async (name: string, text: string) => {
      writeFileSync(join(into, name), text);
      return run(process.execPath, [name], { cwd: into, env: plainEnv() });
    },
  };
}
