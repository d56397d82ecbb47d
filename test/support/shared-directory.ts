import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder that lives as long as one run of the tests: who first needs a synthesized deployment puts it there. */
    shared_directory: string;
  }
}

/** Makes the folder, and takes it away after the last test. */
export function setup(project: TestProject): () => void {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-run-'));
  project.provide('shared_directory', directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
