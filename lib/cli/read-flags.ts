import { type Command, spelled } from './command.ts';
import type { CliOptions } from './context.ts';
import type { Flag } from './flags.ts';
import type { ArgumentProblem } from './outcome.ts';
import type { Parsed } from './parse-arguments.ts';
import { readJsonArgument } from './read-json-argument.ts';

type ReadFlags = { values: Record<string, unknown>; problems: ArgumentProblem[]; given: Set<string> };

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

type Stdin = Parameters<typeof readJsonArgument>[1];

async function readOne(
  name: string,
  flag: Flag,
  raw: unknown,
  stdin: Stdin,
): Promise<{ value: unknown } | ArgumentProblem[]> {
  const path = `--${flag.negated ? 'no-' : ''}${spelled(name)}`;
  if (flag.value !== undefined && raw === true) return [{ path, message: `needs a value: ${path} ${flag.value}` }];
  let input = raw;
  if (flag.json) {
    const read = await readJsonArgument(String(raw), stdin);
    if (!read.ok) return [{ path, message: read.message, ...(read.code === undefined ? {} : { code: read.code }) }];
    input = read.value;
  }
  const checked = flag.schema.safeParse(input);
  if (checked.success) return { value: checked.data };
  return checked.error.issues.map((issue) => ({
    path,
    message: `${issue.path.length > 0 ? `${issue.path.join('.')}: ` : ''}${issue.message}${flag.json || flag.many ? '' : `, not "${String(raw)}"`}`,
  }));
}

/** Turns raw words into typed values; every problem is listed, and nothing else is done. */
export async function readFlags(
  flags: Record<string, Flag>,
  parsed: Parsed,
  stdin: Pick<CliOptions, 'stdin' | 'terminal'> & { signal: AbortSignal },
): Promise<ReadFlags> {
  const read: ReadFlags = { values: {}, problems: [], given: new Set() };
  let stdinTaken: string | undefined;
  for (const [name, flag] of Object.entries(flags)) {
    const raw = parsed.raw[camel(name)];
    if (raw === undefined || (flag.negated && raw === true)) {
      read.values[name] = flag.negated ? true : flag.default;
      if (flag.required)
        read.problems.push({ path: `--${spelled(name)}`, message: `is missing: --${spelled(name)} ${flag.value}` });
      continue;
    }
    read.given.add(name);
    if (flag.json && raw === '-') {
      if (stdinTaken !== undefined) {
        read.problems.push({
          path: `--${spelled(name)}`,
          message: `cannot read stdin: --${spelled(stdinTaken)} reads it already`,
        });
        continue;
      }
      stdinTaken = name;
    }
    const one = await readOne(name, flag, raw, {
      stream: stdin.stdin,
      terminal: stdin.terminal.stdin,
      signal: stdin.signal,
    });
    if (Array.isArray(one)) read.problems.push(...one);
    else read.values[name] = one.value;
  }
  return read;
}

/** The positional argument: missing and surplus words are problems. */
export function readOperands(command: Command, operands: readonly string[]): ArgumentProblem[] {
  const wanted = command.argument;
  const most = wanted === undefined ? 0 : (wanted.most ?? 1);
  const surplus = operands.slice(most).map((word) => ({
    path: `"${word}"`,
    message:
      wanted === undefined
        ? 'is not expected: this command takes options only'
        : `is not expected: ${most === 1 ? `one ${wanted.name}` : `at most ${most}`}`,
  }));
  if (wanted === undefined || (operands[0] ?? '') !== '') return surplus;
  return [{ path: wanted.name, message: `is missing: ${command.path.join(' ')} ${wanted.name}` }, ...surplus];
}
