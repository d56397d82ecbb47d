import type { Command, Shortening } from './command.ts';
import type { Format } from './context.ts';
import type { Envelope } from './envelope.ts';

/** What an answer may have when nobody asked for more, bytes: it is read by models, who pay for each. */
const briefly_bytes = 2000;
/** What it may have in any case, bytes, unless UNTILDONE_MAX_OUTPUT_BYTES says otherwise. */
const most_bytes = 1024 * 1024;

/** Bytes of a value as JSON. */
export const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value) ?? '');

/** The limit that UNTILDONE_MAX_OUTPUT_BYTES sets, from 1 KB upwards; anything else is as if it were not set. */
export const mostBytesIn = (env: NodeJS.ProcessEnv): number => {
  const wanted = Number(env['UNTILDONE_MAX_OUTPUT_BYTES']);
  return Number.isInteger(wanted) && wanted >= 1024 ? wanted : most_bytes;
};

/** How much the rows of a page may have: what one answer may, less its envelope. `much` when so much was asked for. */
export const bytesForRows = ({ most_bytes }: { most_bytes: number }, much: boolean): number =>
  (much ? most_bytes : Math.min(briefly_bytes, most_bytes)) - 550;

type Told = Pick<Command, 'shorter'> | undefined;

/** Leaves out of an answer what is long, step by step, until it is short enough; `meta` says what and how to get it. */
export function brieflyOr(
  envelope: Envelope,
  command: Told,
  { full, most_bytes, hint }: { full: boolean; most_bytes: number; hint: string },
): Envelope {
  const limit = full ? most_bytes : Math.min(briefly_bytes, most_bytes);
  const left_out: string[] = [];
  let short = envelope;
  for (const { name, of } of command?.shorter ?? []) {
    const { data } = short;
    if (data === null || Array.isArray(data) || bytesOf(short) <= limit) break;
    const shorter = of(data);
    if (bytesOf(shorter) >= bytesOf(data)) continue;
    left_out.push(name);
    const meta = { ...envelope.meta, truncated: true, left_out: [...left_out], truncation_hint: hint };
    short = { ...short, data: shorter, error: brieferError(short.error), meta };
  }
  return short;
}

/** The remote system's words stand in `data` as well. */
const brieferError = (error: Envelope['error']): Envelope['error'] =>
  error?.detail === undefined ? error : { ...error, detail: cut(error.detail, 120) };

/** Text of at most so many characters, with a mark where it was cut. */
export const cut = (text: string, most: number): string =>
  text.length <= most ? text : most === 0 ? '' : `${text.slice(0, most - 1)}…`;

const textIn = (value: unknown, most: number): unknown => (typeof value === 'string' ? cut(value, most) : value);

/** How a job gets shorter: first what only a person looking for a reason reads, last the remote system's own words. */
export const shorterJob: readonly Shortening[] = [
  { name: 'observed.value', of: (job) => ({ ...job, ...withoutObserved(job['observed']) }) },
  { name: 'announcements', of: (job) => ({ ...job, announcements: [] }) },
  { name: 'handle', of: (job) => ({ ...job, handle: null }) },
  { name: 'labels', of: (job) => ({ ...job, labels: {} }) },
  { name: 'result', of: (job) => ({ ...job, result: null }) },
  { name: 'some warnings', of: (job) => ({ ...job, warnings: someOf(job['warnings']) }) },
  { name: 'the end of message', of: (job) => ({ ...job, message: textIn(job['message'], 240) }) },
  {
    name: 'addresses and figures',
    of: (job) => Object.fromEntries(Object.entries(job).filter(([name]) => !spare.has(name))),
  },
];

/** What a loop over `job status` does without, and what was emptied above. */
const spare = new Set(
  'status_url cancel_url connection expected_seconds deadline_at next_check_at consecutive_errors handle labels announcements'.split(
    ' ',
  ),
);

const withoutObserved = (observed: unknown): Record<string, unknown> =>
  typeof observed === 'object' && observed !== null ? { observed: { ...observed, value: null } } : {};
const someOf = (warnings: unknown): unknown =>
  Array.isArray(warnings) ? warnings.slice(0, 2).map((one) => textIn(one, 120)) : [];

/** A job in a list: what tells it from the others, and how it stands. */
export const briefJob = (job: Record<string, unknown>): Record<string, unknown> =>
  picked(job, ['job_id', 'kind', 'name', 'status', 'terminal', 'reason', 'phase'], 48);

/** A job that something happened to: how it stands, and what to do now. */
export const toldJob = (job: Record<string, unknown>): Record<string, unknown> =>
  picked(job, ['job_id', 'name', 'status', 'terminal', 'reason', 'phase', 'message', 'next_step'], 240);

const picked = (job: Record<string, unknown>, names: readonly string[], most: number): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => name in job).map((name) => [name, textIn(job[name], most)]));

/** Whether an answer of this form has a size to keep: people get tables, monitors lines. */
export const keepsSize = (format: Format): boolean => format === 'json' || format === 'jsonl';
