import { type ChildProcess, fork } from 'node:child_process';
import { openSync } from 'node:fs';

/** A process of the benchmark and the questions it answers. */
export type OwnProcess = {
  pid: number;
  /** Asks one question. Rejects when the process ends, or says that it could not answer. */
  ask<Answer = void>(question: string, given?: unknown): Promise<Answer>;
  /** Resolves once it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
};

export type Spawn = {
  /** Path of the program. */
  program: string;
  words?: string[];
  /** Flags of Node itself. */
  flags?: string[];
  env?: NodeJS.ProcessEnv;
  /** What it prints goes here. */
  log: string;
};

/** Those that answer questions end by themselves when nobody is there to ask, even after `kill -9`; the others are ended here. */
const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

type Reply = { number: number; answer?: unknown; error?: string };

/** Starts a program of Node with a way to ask it things. */
export function startProcess({ program, words = [], flags = [], env = {}, log }: Spawn): OwnProcess {
  const out = openSync(log, 'a');
  const child = fork(program, words, {
    execArgv: flags,
    env: { ...process.env, ...env },
    stdio: ['ignore', out, out, 'ipc'],
    serialization: 'advanced',
  });
  living.add(child);
  child.once('exit', () => living.delete(child));
  const waiting = new Map<number, { resolve: (answer: unknown) => void; reject: (error: Error) => void }>();
  let last = 0;
  const ended = endOf(child);
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(new Error(`${program} has ended; its log is ${log}`));
  });
  child.on('message', ({ number, answer, error }: Reply) => {
    const asked = waiting.get(number);
    waiting.delete(number);
    if (error === undefined) asked?.resolve(answer);
    else asked?.reject(new Error(error));
  });
  return {
    pid: child.pid ?? 0,
    ask: <Answer>(question: string, given?: unknown) =>
      new Promise<Answer>((resolve, reject) => {
        last += 1;
        waiting.set(last, { resolve: resolve as (answer: unknown) => void, reject }); // the answer is what the question's own process says
        child.send({ number: last, question, given }, (error) => error && reject(error));
      }),
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

const endOf = (child: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    child.once('exit', () => resolve());
  });

/** Answers the questions of whoever started this process; and does not keep it alive for them. */
export function answerQuestions(answers: Record<string, (given: never) => unknown>, { keepAlive = true } = {}): void {
  process.on('message', async ({ number, question, given }: { number: number; question: string; given: never }) => {
    try {
      const answer = answers[question];
      if (answer === undefined) throw new Error(`nobody here answers "${question}"`);
      process.send?.({ number, answer: await answer(given) });
    } catch (error) {
      process.send?.({ number, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  if (!keepAlive) process.channel?.unref();
  // Whoever asked is gone, interrupted perhaps: nobody would end this process.
  process.once('disconnect', () => process.exit());
}
