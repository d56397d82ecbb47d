import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A child process that said where it listens. */
export interface Listening {
  url: string;
  child: ChildProcess;
  /** Every line it wrote on stdout. */
  lines: string[];
}

/** Exit code and signal of a child, and how long it took from the call, in milliseconds. */
export interface Exit {
  code: number | null;
  signal: string | null;
  afterMs: number;
}

const children: ChildProcess[] = [];

/** The path of a file in `examples/load-test`. */
export function exampleFile(name: string): string {
  return fileURLToPath(new URL(`../../examples/load-test/${name}`, import.meta.url));
}

/** Starts Node with these arguments; `killChildren` ends it. */
export function startNode(args: string[], stdio: StdioOptions = 'pipe', env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, args, { stdio, env: { ...process.env, ...env } });
  children.push(child);
  return child;
}

/** Waits for the "listening" line of a child. */
export async function listening(child: ChildProcess): Promise<Listening> {
  if (child.stdout === null) throw new Error('the child was started without a pipe for stdout');
  const reader = createInterface({ input: child.stdout });
  const lines: string[] = [];
  reader.on('line', (line) => lines.push(line));
  const [line] = await Promise.race([
    once(reader, 'line'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`the child exited with ${code} before it listened`))),
  ]);
  return { url: JSON.parse(line).listening, child, lines };
}

/** Starts an example file and waits until it listens. */
export function startExample(name: string, ...args: string[]): Promise<Listening> {
  return listening(startNode([exampleFile(name), ...args]));
}

/** Does something that should end a child, and waits for its exit. */
export async function exitAfter(child: ChildProcess, act: () => void): Promise<Exit> {
  const beganMs = performance.now();
  const exit = once(child, 'exit');
  act();
  const [code, signal] = await exit;
  return { code, signal, afterMs: performance.now() - beganMs };
}

/** Ends every child that still runs, each by its own handle, and waits for it. */
export async function killChildren(): Promise<void> {
  const alive = children.filter((child) => child.exitCode === null && child.signalCode === null);
  await Promise.all(alive.map((child) => exitAfter(child, () => child.kill('SIGKILL'))));
}
