import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { BuildOptions, Metafile } from 'esbuild';
import { InvariantError } from '../core/errors.ts';

type Outputs = Metafile['outputs'];
type Output = Outputs[string];

/*
 * esbuild puts what a start shares with each `import()` into files of their own, eighteen for poll, and each that is read at the start
 * takes about a millisecond of processor time (ADR 9). So these become one:
 *
 *   index.mjs    export{handler}from"./start.mjs"
 *   start.mjs    all that is read at the start
 *   chunk-….mjs  export{a$1 as a}from"./start.mjs"     as before to those that wait behind an `import()`
 *
 * `index.mjs` stays apart: whatever address the runtime imports it by, there is one `start.mjs`.
 */

/** The file at `entry`, and every file it imports by statement. */
export function readAtStart(outputs: Outputs, entry: string): Set<string> {
  const found = new Set<string>();
  const follow = (file: string): void => {
    const output = outputs[file];
    if (output === undefined || found.has(file)) return;
    found.add(file);
    for (const { path, kind } of output.imports) if (kind === 'import-statement') follow(path);
  };
  follow(entry);
  return found;
}

/** `build` is esbuild, set as for the bundle, and puts `banner` before each file; `root` is where the paths of its account are seen from. */
export type JoinStartOptions = { build: (options: BuildOptions) => void; banner: string; root: string };

/** Joins the files of a bundle that are read at its start; `metafile` is esbuild's account of the bundle. Returns the account afterwards. */
export function joinStart({ inputs, outputs }: Metafile, { build, banner, root }: JoinStartOptions): Metafile {
  const entry = Object.keys(outputs).find((file) => basename(file) === 'index.mjs' && outputs[file]?.entryPoint);
  if (entry === undefined) throw new InvariantError('esbuild wrote no index.mjs');
  const start = `${dirname(entry)}/start.mjs`;
  const atStart = readAtStart(outputs, entry);
  const later = Object.entries(outputs).filter(([file]) => !atStart.has(file));
  const asked = new Set(later.flatMap(([, { imports }]) => imports.map(({ path }) => path)));
  const kept = [...atStart].filter((file) => file === entry || asked.has(file));
  const facades = kept.map((file, at) => ({
    file,
    names: outputs[file]?.exports ?? [],
    mark: at === 0 ? '' : `$${at}`,
  }));

  // Once is enough: each `createRequire` takes its time.
  for (const file of atStart) {
    const path = resolve(root, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(banner, ''));
  }
  build({
    stdin: {
      contents: facades
        .map(({ file, names, mark }) =>
          named(
            names.map((name) => [name, name + mark]),
            basename(file),
          ),
        )
        .join('\n'),
      resolveDir: resolve(root, dirname(entry)),
    },
    outfile: resolve(root, start),
    external: later.map(([file]) => `./${basename(file)}`),
    // All that could be left out is left out by now; what packages say of side effects was said of their sources.
    ignoreAnnotations: true,
    treeShaking: false,
  });
  for (const file of atStart) rmSync(resolve(root, file));
  for (const { file, names, mark } of facades)
    writeFileSync(
      resolve(root, file),
      named(
        names.map((name) => [name + mark, name]),
        basename(start),
      ),
    );

  const facadeOf = (file: string): Output => ({
    ...(outputs[file] as Output), // `kept` are keys
    bytes: statSync(resolve(root, file)).size,
    inputs: {},
    imports: [{ path: start, kind: 'import-statement' }],
  });
  const joined = joinedOf(
    [...atStart].flatMap((file) => outputs[file] ?? []),
    atStart,
  );
  return {
    inputs,
    outputs: {
      ...Object.fromEntries([...later, ...kept.map((file) => [file, facadeOf(file)] as const)]),
      [start]: { ...joined, bytes: statSync(resolve(root, start)).size },
    },
  };
}

/** One line that passes names of another file on, each by a name of its own. */
function named(names: readonly (readonly [name: string, as: string])[], file: string): string {
  const list = names.map(([name, as]) => (name === as ? name : `${name} as ${as}`)).join(',');
  return list === '' ? `import"./${file}";` : `export{${list}}from"./${file}";`;
}

/** What each source takes of the file is as it was in several. */
function joinedOf(parts: readonly Output[], atStart: ReadonlySet<string>): Omit<Output, 'bytes'> {
  return {
    inputs: Object.assign({}, ...parts.map(({ inputs }) => inputs)),
    imports: parts.flatMap(({ imports }) => imports).filter(({ path }) => !atStart.has(path)),
    exports: [],
  };
}
