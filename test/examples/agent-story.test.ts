import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { pageOf } from '../docs/pages.ts';

const script = fileURLToPath(new URL('../../examples/agent-story/run.ts', import.meta.url));

/** Calls, calls while waiting and KB of an agent's row; undefined where there is none. */
const rowIn = (text: string, agent: string): number[] | undefined =>
  new RegExp(`^\\| ${agent}.* \\| (\\d+) \\| (\\d+) \\| ([\\d.]+) \\|$`, 'm').exec(text)?.slice(1).map(Number);

it('an agent that is woken makes no call while it waits, and the README says what it reads', {
  timeout: 60_000,
}, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, '6']);
  const [woken = [], polling = []] = [rowIn(stdout, 'woken'), rowIn(stdout, 'asks')];
  expect(stdout).toContain('checkout complete, search failed, soak cancelled');
  expect(woken.slice(0, 2)).toEqual([5, 0]);
  expect(polling[1]).toBeGreaterThan(2);
  expect(polling[2]).toBeGreaterThan(woken[2] ?? Number.POSITIVE_INFINITY);
  const readme = pageOf('README.md');
  const said = rowIn(readme, 'woken') ?? [];
  expect(said.slice(0, 2)).toEqual([5, 0]);
  expect(Math.abs((said[2] ?? 0) - (woken[2] ?? 0))).toBeLessThan(1.5);
  expect(rowIn(readme, 'asks')?.[1]).toBeGreaterThan(polling[1] ?? Number.POSITIVE_INFINITY);
});
