import type { Job } from '../core/job.ts';
import type { ResolvedKind } from '../core/kind.ts';

/** What of a job never changes, as its row keeps it. */
export type JobRecord = Omit<Job, 'state' | 'handle' | 'seen'>;

/**
 * Reads records one after the other. Each holds its whole kind, which is most of it, and many jobs are of few kinds: the same
 * text is read once, and its jobs share what it says.
 *
 *   {"job_id":…,"spec":{"kind":{ … },"connection":…}}
 *                              └ known? ┘
 */
export function createRecordReader(): (text: string) => JobRecord {
  const kinds = new Map<string, ResolvedKind>();
  return (text) => {
    const begin = text.indexOf(beforeKind) + beforeKind.length;
    const end = text.indexOf(afterKind, begin);
    if (begin < beforeKind.length || end < 0) return JSON.parse(text);
    const kind_text = text.slice(begin, end);
    const kind = kinds.get(kind_text) ?? parsedOr<ResolvedKind>(kind_text);
    if (kind === undefined) return JSON.parse(text);
    kinds.set(kind_text, kind);
    const record: JobRecord = JSON.parse(`${text.slice(0, begin)}null${text.slice(end)}`);
    record.spec.kind = kind;
    return record;
  };
}

// Quotes within a text are escaped, so that these are keys wherever they are found.
const beforeKind = '"spec":{"kind":';
const afterKind = ',"connection":';

/** Undefined for what is cut short, because a key in it looks like the one that comes after: half an object is none. */
function parsedOr<T>(text: string): T | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
