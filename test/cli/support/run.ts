import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { expect } from 'vitest';
import { allCommands } from '../../../lib/cli/commands/all-commands.ts';
import type { CliOptions, Clock } from '../../../lib/cli/context.ts';
import { type Envelope, envelopeSchema } from '../../../lib/cli/envelope.ts';
import { formatOf } from '../../../lib/cli/output-format.ts';
import { runCli } from '../../../lib/cli/run-cli.ts';
import { expectPublishedEnvelope } from './published-envelope.ts';

type HandClock = Clock & { advance(ms: number): void; slept: number[] };

/** A clock that only moves by hand; a sleep moves it on at once. */
export function handClock(start_ms = Date.parse('2026-11-21T09:00:00Z')): HandClock {
  let now = start_ms;
  const tickers = new Set<{ every_ms: number; next: number; tick: () => void }>();
  const clock: HandClock = {
    slept: [],
    now: () => now,
    advance(ms) {
      const until = now + ms;
      while (true) {
        const due = [...tickers].filter((ticker) => ticker.next <= until).sort((a, b) => a.next - b.next)[0];
        if (due === undefined) break;
        now = due.next;
        due.next += due.every_ms;
        due.tick();
      }
      now = until;
    },
    sleep: async (ms) => {
      clock.slept.push(ms);
      clock.advance(ms);
    },
    every(every_ms, tick) {
      const ticker = { every_ms, next: now + every_ms, tick };
      tickers.add(ticker);
      return () => tickers.delete(ticker);
    },
  };
  return clock;
}

type Ran = { code: number; stdout: string; stderr: string; envelope: Envelope };

type Settings = Partial<Omit<CliOptions, 'argv' | 'stdin' | 'stdout' | 'stderr' | 'terminal'>> & {
  endpoint?: string;
  stdin?: string;
  terminal?: Partial<CliOptions['terminal']>;
  onStderr?: (text: string) => void;
};

export const collector = (listener?: (text: string) => void): { stream: Writable; text(): string } => {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      listener?.(String(chunk));
      done();
    },
  });
  return { stream, text: () => chunks.join('') };
};

const noEnvelope: Envelope = {
  ok: false,
  data: null,
  error: null,
  warnings: [],
  meta: { duration_ms: 0, exit_code: 0, schema_version: '0.0', tool_version: '-', request_id: '-', command: '' },
};

/** Every exit code is one that its command declares. */
function expectDeclared({ meta }: Envelope, code: number): void {
  const command = allCommands.find(({ path }) => path.join(' ') === meta.command);
  if (command !== undefined) expect(Object.keys(command.exit_codes).map(Number)).toContain(code);
}

/** Checks the whole of stdout against the envelope, ours and the published one, and hands it over. */
export function envelopeIn(stdout: string, code: number): Envelope {
  const parsed: unknown = JSON.parse(stdout);
  expectPublishedEnvelope(parsed, code);
  return envelopeSchema.parse(parsed);
}

/** Runs the CLI in this process. When stdout is no terminal, its one JSON document is always checked. */
export async function run(argv: readonly string[], settings: Settings = {}): Promise<Ran> {
  const { endpoint, stdin, terminal, onStderr, env, ...rest } = settings;
  const out = collector();
  const err = collector(onStderr);
  const code = await runCli({
    argv,
    env: { ...(endpoint === undefined ? {} : { UNTILDONE_ENDPOINT: endpoint }), ...env },
    stdin: Readable.from(stdin === undefined ? [] : [Buffer.from(stdin)]),
    stdout: out.stream,
    stderr: err.stream,
    terminal: { stdin: false, stdout: false, stderr: false, ...terminal },
    signals: new EventEmitter(),
    ...rest,
  });
  const format = formatOf({
    argv,
    env: env ?? {},
    terminal: { stdin: false, stdout: terminal?.stdout ?? false, stderr: false },
  });
  const json = format === 'json' || format === 'jsonl';
  expect(json && out.text() === '' ? 'nothing on stdout' : '').toBe('');
  const last = format === 'jsonl' ? out.text().trimEnd().split('\n').at(-1) : out.text();
  const envelope = json ? envelopeIn(last ?? '', code) : noEnvelope;
  expectDeclared(envelope, code);
  return { code, stdout: out.text(), stderr: err.text(), envelope };
}
