import { fileURLToPath } from 'node:url';
import { build, type ImportKind } from 'esbuild';
import { beforeAll, expect, it } from 'vitest';

/* What a server loads before its first check goes out: every check that is overdue waits for it. */

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Loaded one after the other: the command line, what it needs to know of `serve` alone, and the engine. */
const entries = ['bin/untildone.ts', 'bin/serve.ts'];
let files: string[];
let packages: string[];

/** Follows what is imported at once; what is behind an `import()` comes later. */
beforeAll(async () => {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: 'never-written',
    write: false,
    bundle: true,
    splitting: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    metafile: true,
  });
  const atOnce: ImportKind = 'import-statement';
  const seen = new Set<string>();
  const outside = new Set<string>();
  const waiting = [...entries];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    for (const { path, kind, external } of metafile.inputs[file]?.imports ?? []) {
      if (kind !== atOnce) continue;
      if (external) outside.add(path);
      else waiting.push(path);
    }
  }
  files = [...seen].sort();
  packages = [...outside].sort();
});

it('loads these packages, and no more, before the first check', () => {
  expect(packages.filter((name) => !name.startsWith('node:'))).toEqual([
    '@aws-lambda-powertools/jmespath',
    'commander',
    'undici/lib/dispatcher/agent.js',
    'zod',
  ]);
});
it("does not load Node's fetch, which comes along when `node:http` is imported by its name", () => {
  expect(packages).toContain('node:sqlite');
  expect(packages.filter((name) => /^(node:)?https?2?$/.test(name))).toEqual([]);
});
it('loads the API, the doctor and other commands later', () => {
  expect(files).toContain('lib/embedded/engine.ts');
  expect(files).toContain('lib/cli/commands/serve.ts');
  const later =
    /^(lib\/(api|aws|infra|transports\/oauth)\/|lib\/embedded\/doctor|lib\/cli\/commands\/(?!serve\.ts)|bin\/embedded-api)/;
  expect(files.filter((file) => later.test(file))).toEqual([]);
});
