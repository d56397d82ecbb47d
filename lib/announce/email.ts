import type { JobEvent } from '../core/announcement.ts';
import { plain, plainBytes } from './plain.ts';
import { type Words, wordsOf } from './words.ts';

/** A message of plain text. */
export type Email = { subject: string; text: string };

/**
 * Bytes of UTF-8. SNS wants less than 100 characters and no control character; bytes are the stricter count. Source: SNS
 * Publish. The middle dot is no ASCII: SNS takes UTF-8, and mail encodes it (RFC 2047).
 */
const most_subject_bytes = 99;

/** `FAILED · checkout load test · 3m12s`: of what is too long the name is cut, never the outcome or the time. */
export function subjectOf({ outcome, name, took }: Pick<Words, 'outcome' | 'name' | 'took'>): string {
  const left = most_subject_bytes - Buffer.byteLength(`${outcome} ·  · ${took}`);
  return `${outcome} · ${plainBytes(name, left)} · ${took}`;
}

const quotedTitle = 'Said by or about the remote system (quoted, not checked by us):';

/** An event as a mail that is read in ten seconds: what happened, why, what now; then what the remote side said, quoted; then where to look. */
export function emailOf(event: JobEvent): Email {
  const { data } = event;
  const words = wordsOf(event);
  const details = [
    `${plain(data.kind, 64)} over ${plain(data.connection, 64)}`,
    `${data.checks} ${data.checks === 1 ? 'check' : 'checks'}`,
    ...Object.entries(data.labels)
      .slice(0, 8)
      .map(([name, value]) => `${plain(name, 64)}=${plain(value, 64)}`),
  ];
  const paragraphs = [
    `${words.outcome} · ${words.name}`,
    rows([
      [words.terminal ? 'Took' : 'So far', `${words.took}, expected about ${words.expected}`],
      ['Why', words.why],
      ['Next', words.next],
    ]),
    words.quoted.length === 0 ? '' : [quotedTitle, ...words.quoted.map((line) => `> ${line}`)].join('\n'),
    rows([
      ...words.commands.map((command, position): Row => [position === 0 ? 'Status' : 'Cancel', command]),
      ['Page', words.status_url ?? ''],
      ['Job', data.job_id],
      ['Details', details.join(' · ')],
      ['Event', `${event.type} · ${event.event_id} · ${event.timestamp}`],
    ]),
  ];
  return { subject: subjectOf(words), text: `${paragraphs.filter((text) => text !== '').join('\n\n')}\n` };
}

type Row = [name: string, text: string];
const rows = (all: Row[]): string =>
  all
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name.padEnd(9)}${text}`)
    .join('\n');
