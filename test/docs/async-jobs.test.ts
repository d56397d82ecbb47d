import { afterAll, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blocksIn, pageOf } from './pages.ts';
import { projectWith } from './project-with.ts';

const directory = temporaryDirectory();
afterAll(() => directory.remove());

it('the guide to asynchronous commands shows TypeScript that compiles', { timeout: 120_000 }, async () => {
  const snippets = blocksIn(pageOf('docs/async-jobs.md'), 'ts');
  expect(snippets.length).toBe(2);
  const theirs = {
    'deployments.ts': `import type { AsyncJob } from 'untildone/commander';
      export declare const begin: (folder: string, server: string) => Promise<string>;
      export declare const look: (id: string) => Promise<AsyncJob | undefined>;
      export declare const stop: (id: string) => Promise<AsyncJob | undefined>;`,
    'ci.ts': 'export declare const beginBuild: (branch: string) => Promise<string>;',
  };
  const files = Object.fromEntries(snippets.map((text, number) => [`program-${number}.ts`, text]));
  expect(await projectWith(directory.path, { ...theirs, ...files }).compile()).toBe('');
});
