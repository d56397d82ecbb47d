import type { Envelope } from '../../../lib/cli/envelope.ts';
import { envelopeIn } from './run.ts';
import { start } from './spawned.ts';

/** Runs a printed command as an agent does: split on spaces, no shell, the whole of stdout as one document. */
export async function runPrinted(command: string, env: NodeJS.ProcessEnv): Promise<{ code: number; parsed: Envelope }> {
  const [program = '', ...argv] = command.split(' ');
  const { code, stdout } = await start(program, argv, env).exited;
  return { code: code ?? -1, parsed: envelopeIn(stdout, code ?? -1) };
}

/** What the loop knows of a job: the contract, and nothing of who wrote the program. */
type Known = {
  status: string;
  terminal: boolean;
  status_command: string;
  cancel_command: string;
  poll_interval_ms: number;
  timeout_ms: number;
};
type Polled = { end: 'done' | 'failed' | 'gave up'; exits: number[]; last: Envelope };

/** What a caller may do between two looks; `started` is the descriptor of the start. */
export type Between = (exits: readonly number[], started: Known) => Promise<void> | void;

/**
 * A polling loop as the job protocol of command-line agents describes it: start, then run `status_command` each
 * `poll_interval_ms`, trust `terminal` first and the exit code second, and run `cancel_command` after `timeout_ms`.
 */
export async function pollUntilDone(begin: string, env: NodeJS.ProcessEnv, between?: Between): Promise<Polled> {
  const { parsed: began } = await runPrinted(begin, env);
  if (!began.ok) throw new Error(`the job was not started: ${JSON.stringify(began.error)}`);
  // The loop trusts what it reads, as such loops do.
  const job = began.data as unknown as Known;
  const deadline = Date.now() + job.timeout_ms;
  const exits: number[] = [];
  while (true) {
    await new Promise((resolve) => setTimeout(resolve, job.poll_interval_ms));
    if (Date.now() > deadline) {
      const cancelled = await runPrinted(job.cancel_command, env);
      return { end: 'gave up', exits, last: cancelled.parsed };
    }
    const { code, parsed } = await runPrinted(job.status_command, env);
    exits.push(code);
    const seen = parsed.data as unknown as Known;
    const failed = seen.status === 'failed' || code === 4;
    if (seen.terminal || code === 0) return { end: failed ? 'failed' : 'done', exits, last: parsed };
    if (failed) return { end: 'failed', exits, last: parsed };
    await between?.(exits, job);
  }
}
