import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/*
 * `npm test`: every check of the project, all of them even when one fails, and a last line that counts.
 * Each tool counts as one check, each test as one.
 */

type Step = { name: string; command: string; args: string[] };

const steps: Step[] = [
  { name: 'format and lint', command: 'biome', args: ['check', '--error-on-warnings', '.'] },
  { name: 'types', command: 'tsc', args: ['--noEmit'] },
  { name: 'nothing unused', command: 'knip', args: ['--no-progress'] },
  { name: 'the demo', command: 'node', args: ['examples/demo.ts'] },
];

/** Tools come from this project's own node_modules, which npm scripts put first on the path. */
const run = ({ command, args }: Step): boolean => spawnSync(command, args, { stdio: 'inherit' }).status === 0;

function runTests(): { passed: number; failed: number } {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-check-'));
  const report = join(directory, 'report.json');
  const ran = run({
    name: 'tests',
    command: 'vitest',
    args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
  });
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(readFileSync(report, 'utf8'));
    // A run that failed without a failing test (a file that does not load, an unhandled error) is a failure too.
    return { passed: numPassedTests, failed: Math.max(numFailedTests, numFailedTestSuites, ran ? 0 : 1) };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const began_ms = Date.now();
let passed = 0;
let failed = 0;
for (const step of steps) {
  const ok = run(step);
  console.log(`${ok ? 'ok' : 'FAILED'}: ${step.name}`);
  if (ok) passed += 1;
  else failed += 1;
}
const tests = runTests();
passed += tests.passed;
failed += tests.failed;
console.log(`checked in ${Math.round((Date.now() - began_ms) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
