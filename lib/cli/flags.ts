import * as z from 'zod';

/** One option. A switch has no `value`; `json` is read from the word itself, `@file` or stdin (`-`). */
export type Flag<T = unknown> = {
  schema: z.ZodType<T>;
  description: string;
  /** What the value is called in the help: `SECONDS`. */
  value?: string;
  /** One letter. */
  short?: string;
  json?: true;
  /** May be given more than once; the schema sees the list. */
  many?: true;
  required?: true;
  default?: T;
  /** Spelled `--no-name`: it is true unless that is given. */
  negated?: true;
};

/** The type a command sees: undefined only for a flag that is neither required nor has a default. */
export type ValueOf<F extends Flag> =
  F extends Flag<infer T>
    ? F extends { required: true } | { default: unknown } | { negated: true }
      ? T
      : T | undefined
    : never;

/** A whole number within limits. */
export const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .pipe(
      z
        .number()
        .int()
        .min(minimum, `must be a whole number from ${minimum} to ${maximum}`)
        .max(maximum, `must be a whole number from ${minimum} to ${maximum}`),
    );

/** Seconds, fractions allowed. */
const someSeconds = (maximum: number) =>
  z
    .string()
    .regex(/^\d{1,9}(\.\d{1,3})?$/, `must be seconds from 0 to ${maximum}`)
    .transform(Number)
    .pipe(z.number().min(0).max(maximum, `must be seconds from 0 to ${maximum}`));

/** A word or text that is not empty. */
export const someText = (maximum: number) =>
  z.string().min(1, 'must not be empty').max(maximum, `must be at most ${maximum} characters`);

/** Any JSON object. */
export const jsonObject = z.record(z.string(), z.unknown(), 'must be a JSON object');

/** `k=v`, repeated, as one object. */
export const pairs = z
  .array(z.string().regex(/^[^=]+=/, 'must be k=v'))
  .transform((list) =>
    Object.fromEntries(list.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)])),
  )
  .pipe(z.record(z.string(), z.string()));

/** A switch that is off unless given. */
export const switchFlag = (description: string): Flag<boolean> & { default: boolean } => ({
  schema: z.boolean(),
  description,
  default: false,
});

/** What an answer can be written as; `plain` is another word for text. */
export const outputFormats = ['json', 'jsonl', 'tsv', 'text', 'plain'] as const;

const outputFlag = (formats: readonly string[], words: string) => ({
  schema: z.enum(formats),
  value: 'FORMAT',
  description: `${words}; without it, text on a terminal, else json`,
});

/** `--output` of a command whose answer has no rows. */
export const outputWithoutRows = outputFlag(
  outputFormats.filter((format) => format !== 'tsv'),
  'json, jsonl (a line a change), or text',
);

/** Options of every command; they may stand anywhere on the line. */
export const commonFlags = {
  output: outputFlag(outputFormats, 'json, jsonl (a line a change, row or event), tsv, or text'),
  full: switchFlag('Print all of it: without this, an answer leaves out what is long and stays under 2 KB'),
  quiet: switchFlag('Say nothing on stderr while working'),
  debug: switchFlag('Say on stderr what is called and what came back, without credentials'),
  yes: switchFlag('Agree in advance; nothing ever asks'),
  non_interactive: switchFlag('Ask nothing, which is always so'),
  schema: switchFlag('Print the input, output and exit codes of the command as JSON, and do nothing else'),
  help: { ...switchFlag('Print the help, and do nothing else'), short: 'h' },
  version: switchFlag('Print the version, and do nothing else'),
} satisfies Record<string, Flag>;

/** Options of every command that calls the API. */
export const networkFlags = {
  endpoint: {
    schema: someText(2048),
    value: 'URL',
    description: 'Where the API is; UNTILDONE_ENDPOINT, or http://127.0.0.1:4646, without it',
  },
  timeout: {
    schema: someSeconds(3600),
    value: 'SECONDS',
    default: 30,
    description: 'How long one call of ours may take, 0 = for ever',
  },
  connect_timeout: {
    schema: someSeconds(3600),
    value: 'SECONDS',
    default: 10,
    description: 'How long a connection may take to come about',
  },
  token_env_var: {
    schema: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of an environment variable'),
    value: 'NAME',
    default: 'UNTILDONE_TOKEN',
    description: 'The environment variable that holds the token',
  },
} satisfies Record<string, Flag>;
