/** The code a socket error carries (ECONNREFUSED, ECONNRESET, …), or UNKNOWN. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
}

/** What a socket error says; a name with two addresses fails with one error for each and no words of its own. */
export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(wordsOf).join(' and ');
  return error instanceof Error ? error.message : String(error);
}

/** Tells a request that ran out of time from a connection that broke: autocannon gives the former no code. */
export function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.message === 'request timed out';
}

/** Says what the target did `count` times in a row, for example `refused 7 connections in a row: connect ECONNREFUSED …`. */
export function streakInWords(count: number, error: unknown): string {
  const inARow = (noun: string) => (count === 1 ? `1 ${noun}` : `${count} ${noun}s in a row`);
  if (isTimeout(error)) return `left ${inARow('request')} unanswered: ${wordsOf(error)}`;
  const code = codeOf(error);
  const verb = code === 'ECONNREFUSED' ? 'refused' : code === 'ECONNRESET' ? 'reset' : 'failed';
  return `${verb} ${inARow('connection')}: ${wordsOf(error)}`;
}
