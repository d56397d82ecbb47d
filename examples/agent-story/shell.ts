import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../bin/untildone.js', import.meta.url));

/** What an agent's shell tool costs it: calls made, and bytes it has to read. */
export type Spent = { calls: number; calls_while_waiting: number; bytes: number };

/** The one document a command printed, as far as these agents read it. */
type Answer = { exit_code: number; data: Record<string, unknown> };

/** A shell tool that runs `untildone` in a process of its own, as an agent does, and counts what that costs. */
export function shellFor(endpoint: string) {
  const spent: Spent = { calls: 0, calls_while_waiting: 0, bytes: 0 };
  return {
    spent,
    /** Text that reaches the agent without a call: what woke it. */
    hear(words: string): void {
      spent.bytes += Buffer.byteLength(words);
    },
    async run(argv: readonly string[], waiting = false): Promise<Answer> {
      const env = { PATH: process.env['PATH'], UNTILDONE_ENDPOINT: endpoint };
      const child = spawn(process.execPath, [launcher, ...argv], { env, stdio: ['ignore', 'pipe', 'pipe'] });
      const ended = new Promise<number>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code) => resolve(code ?? -1));
      });
      const [exit_code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
      spent.calls += 1;
      spent.calls_while_waiting += waiting ? 1 : 0;
      spent.bytes += Buffer.byteLength(stdout) + Buffer.byteLength(stderr);
      const { data } = JSON.parse(stdout);
      if (data === null) throw new Error(`untildone ${argv.join(' ')} ended with ${exit_code}: ${stdout}`);
      return { exit_code, data };
    },
  };
}
export type Shell = ReturnType<typeof shellFor>;
