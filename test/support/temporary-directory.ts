import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type TemporaryDirectory = { path: string; remove(): void };

/** An empty directory of the test's own. Remove it. */
export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'untildone-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}
