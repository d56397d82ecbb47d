import type { SQSEvent, SQSRecord } from 'aws-lambda';
import type { Details, Log } from '../../functions/shared/log.ts';
import type { Measure } from '../../functions/shared/measure.ts';

/** Keeps what a function says. */
export function hearing() {
  const lines: ({ level: keyof Log; message: string } & Details)[] = [];
  const figures: Record<string, unknown>[] = [];
  const at =
    (level: keyof Log): Log[keyof Log] =>
    (message, details) =>
      void lines.push({ level, message, ...details });
  const log: Log = { debug: at('debug'), info: at('info'), error: at('error') };
  const measure: Measure = (named, by = {}) => void figures.push({ ...named, ...by });
  return { log, measure, lines, figures };
}

/** A batch as Lambda brings it; ids are m0, m1, … */
export const batchOf = (...bodies: unknown[]): SQSEvent => ({
  Records: bodies.map((body, number) => {
    const record: Partial<SQSRecord> = {
      messageId: `m${number}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
    };
    return record as SQSRecord; // functions read nothing else of it
  }),
});
