import { execFile } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);

/** A project with these files that has `untildone` as it is in the source; what is packed has tests of its own. */
export function projectWith(directory: string, files: Record<string, string>) {
  const names = { '.': 'untildone', './cdk': 'cdk', './commander': 'commander' };
  const exports = Object.fromEntries(Object.entries(names).map(([entry, file]) => [entry, `./lib/exports/${file}.ts`]));
  const own = { name: 'untildone', version: '0.0.0', type: 'module' };
  const pathOf = (file: string): string => join(directory, 'src', file);
  mkdirSync(join(directory, 'src'));
  for (const shared of ['lib', 'functions', 'node_modules', 'tsconfig.json'])
    symlinkSync(join(root, shared), join(directory, shared));
  writeFileSync(join(directory, 'package.json'), JSON.stringify({ ...own, exports }));
  writeFileSync(join(directory, 'tsconfig.src.json'), JSON.stringify({ extends: './tsconfig.json', include: ['src'] }));
  for (const [file, text] of Object.entries(files)) writeFileSync(pathOf(file), text);
  return {
    pathOf,
    /** What the compiler complains of. */
    compile: async (): Promise<string> => {
      const argv = ['-p', join(directory, 'tsconfig.src.json')];
      const { stdout } = await run(join(root, 'node_modules/.bin/tsc'), argv).catch((error) => error);
      return stdout;
    },
  };
}
