import { randomUUID } from 'node:crypto';
import type { Command } from './command.ts';
import type { EnvelopeError } from './envelope.ts';
import { isPlain } from './output-format.ts';
import type { Program } from './program.ts';
import { createSigner, type Signer } from './sign-request.ts';
import { mostBytesIn } from './stay-brief.ts';

/** Time, so that a test can hold it. `every` returns the function that stops it. */
export type Clock = {
  now(): number;
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  every(ms: number, tick: () => void): () => void;
};

/** What `serve` is asked for; it answers with the exit code. */
export type ServeOptions = {
  host: string;
  port: number;
  data_dir: string;
  config: string | undefined;
  env: NodeJS.ProcessEnv;
  cli_command: string;
};

/** What `connect` is asked for. */
export type ConnectOptions = {
  connection: string;
  config: string | undefined;
  /** 0: any free one. */
  redirect_port: number;
  /** Where the address that the browser ended at is read from, if it is. */
  pasted: NodeJS.ReadableStream | undefined;
  /** Whether a browser is to be opened. */
  browser: boolean;
  wait_ms: number;
  env: NodeJS.ProcessEnv;
  interrupt: AbortSignal;
  say(text: string): void;
  cli_command: string;
};
export type ConnectResult =
  | { ok: true; data: Record<string, unknown> }
  | { ok: false; exit_code: number; error: EnvelopeError };

/** One thing `doctor` looked at; `fix_command` runs as printed. */
export type DoctorCheck = { name: string; ok: boolean; message: string; fix_command?: string | undefined };

/** Where the process hears of SIGINT and SIGTERM: `process`, or an emitter in a test. */
export type Signals = {
  on(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
  off(name: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
};

/** Everything the CLI touches of the process; `argv` is without the interpreter and the script. */
export type CliOptions = {
  argv: readonly string[];
  env: NodeJS.ProcessEnv;
  stdin: NodeJS.ReadableStream;
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream;
  /** Which of the three are terminals. */
  terminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  signals?: Signals;
  clock?: Clock;
  randomId?: () => string;
  serve?: (options: ServeOptions) => Promise<number>;
  connect?: (options: ConnectOptions) => Promise<ConnectResult>;
  localChecks?: () => Promise<DoctorCheck[]>;
};

/** Where the API is, how long one call may take (0 = for ever), and the AWS region that requests are signed for, if they are. */
export type Endpoint = {
  url: string;
  token: string | undefined;
  timeout_ms: number;
  connect_timeout_ms: number;
  signing_region: string | undefined;
};

/** What the answer is written as, once the terminal and the environment have been looked at. */
export type Format = 'json' | 'jsonl' | 'tsv' | 'text';

/** Who this invocation is: its name in logs, what it is written as, and the signal that SIGINT or SIGTERM aborts, with that name as reason. */
export type Invocation = { request_id: string; format: Format; interrupt: AbortSignal };

/** What every command can be asked for beside its answer: all of it, silence on stderr, or what is called. */
export type Wishes = { full: boolean; quiet: boolean; debug: boolean };

/** What a command is given to work with. */
export type Context = {
  env: NodeJS.ProcessEnv;
  cli_command: string;
  endpoint: Endpoint;
  /** Undefined when requests are not signed. */
  signer: Signer | undefined;
  clock: Clock;
  /** Aborted by SIGINT or SIGTERM; the reason is that signal's name. */
  interrupt: AbortSignal;
  /** What the answer is written as. */
  format: Format;
  /** True when everything was asked for, however long. */
  full: boolean;
  /** Most that one answer may have, bytes. */
  most_bytes: number;
  /** One JSON document on a line of stdout, at once; the envelope follows as the last line. Only with `jsonl`. */
  emit(line: unknown): void;
  /** Prose for people, on stderr. */
  say(text: string): void;
  /** What was called, on stderr, when that is wanted. */
  debug(text: string): void;
  /** True when a line on stderr may be drawn over. */
  live: boolean;
  /** How wide such a line may be. */
  columns: number;
  request_id: string;
  randomId: () => string;
  commands: readonly Command[];
  stdin: NodeJS.ReadableStream;
  serve: CliOptions['serve'];
  connect: CliOptions['connect'];
  localChecks: CliOptions['localChecks'];
};

/** What a command of this invocation is given. */
export function contextOf(
  options: CliOptions,
  given: { program: Program; endpoint: Endpoint; wishes: Wishes } & Invocation,
): Context {
  const { env, stdout, stderr, terminal } = options;
  const { program, endpoint, wishes, format, request_id, interrupt } = given;
  const tell = (text: string): void => void stderr.write(text);
  return {
    env,
    cli_command: program.cli_command,
    endpoint,
    signer: endpoint.signing_region === undefined ? undefined : createSigner(endpoint.signing_region, env),
    clock: options.clock ?? systemClock,
    interrupt,
    format,
    full: wishes.full,
    most_bytes: mostBytesIn(env),
    emit: (line) => {
      if (format === 'jsonl') stdout.write(`${JSON.stringify(line)}\n`);
    },
    say: wishes.quiet ? () => undefined : tell,
    debug: wishes.debug ? (text) => tell(`debug: ${text}\n`) : () => undefined,
    live: terminal.stderr && !wishes.quiet && !isPlain(env),
    columns: 'columns' in stderr && typeof stderr.columns === 'number' ? stderr.columns || 80 : 80,
    request_id,
    randomId: options.randomId ?? randomUUID,
    commands: program.commands,
    stdin: options.stdin,
    serve: options.serve,
    connect: options.connect,
    localChecks: options.localChecks,
  };
}

/** Real time. A sleep ends early, without complaint, when its signal is aborted. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal.addEventListener('abort', end, { once: true });
    }),
  every: (ms, tick) => {
    const timer = setInterval(tick, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
