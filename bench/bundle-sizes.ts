import type { Metafile } from 'esbuild';
import { readAtStart } from '../lib/infra/join-start.ts';

/** Bytes, minified: what is read when the module is loaded, and what waits behind an `import()`. */
export type Weight = { start_bytes: number; lazy_bytes: number; packages: [name: string, bytes: number][] };

/** Weighs a bundle by esbuild's own account of it; `packages` are those read at the start, the biggest first. */
export function weigh({ outputs }: Metafile): Weight {
  const entry = Object.keys(outputs).find((file) => file.endsWith('/index.mjs') && outputs[file]?.entryPoint);
  const start = readAtStart(outputs, entry ?? '');
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

const packageOf = (path: string): string => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? 'untildone';
