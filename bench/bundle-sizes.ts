import type { Metafile } from 'esbuild';

/** Bytes, minified: what is read when the module is loaded, and what waits behind an `import()`. */
export type Weight = { start_bytes: number; lazy_bytes: number; packages: [name: string, bytes: number][] };

/** Weighs a bundle by esbuild's own account of it; `packages` are those read at the start, the biggest first. */
export function weigh({ outputs }: Metafile): Weight {
  const start = readAtStart(outputs);
  const packages: Record<string, number> = {};
  let start_bytes = 0;
  let lazy_bytes = 0;
  for (const [file, { bytes, inputs }] of Object.entries(outputs)) {
    if (!start.has(file)) {
      lazy_bytes += bytes;
      continue;
    }
    start_bytes += bytes;
    for (const [path, { bytesInOutput }] of Object.entries(inputs))
      packages[packageOf(path)] = (packages[packageOf(path)] ?? 0) + bytesInOutput;
  }
  return { start_bytes, lazy_bytes, packages: Object.entries(packages).sort(([, a], [, b]) => b - a) };
}

/** The entry and every file it imports by statement. */
function readAtStart(outputs: Metafile['outputs']): Set<string> {
  const found = new Set<string>();
  const follow = (file: string): void => {
    const output = outputs[file];
    if (output === undefined || found.has(file)) return;
    found.add(file);
    for (const { path, kind } of output.imports) if (kind === 'import-statement') follow(path);
  };
  for (const [file, { entryPoint }] of Object.entries(outputs))
    if (file.endsWith('/index.mjs') && entryPoint) follow(file);
  return found;
}

const packageOf = (path: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'untildone';
