import type { Context } from './context.ts';
import { jobDescriptor } from './descriptor-schema.ts';
import { cellOf, durationOf, plainText } from './plain-text.ts';
import { progressLine } from './progress.ts';

/** A job descriptor for a person: what it is, where it stands, and what can be done. */
export function renderJob(data: unknown, context: Pick<Context, 'clock'>): string {
  const read = jobDescriptor.safeParse(data);
  if (!read.success) return '';
  const job = read.data;
  const title = [job.job_id, job.kind, job.name].filter((part) => part).map((part) => plainText(String(part)));
  const took = job.settled_at ? ` after ${durationOf(Date.parse(job.settled_at) - Date.parse(job.started_at))}` : '';
  const state = job.terminal
    ? `${job.status}${job.reason ? ` (${plainText(job.reason)})` : ''}${took}`
    : progressLine(job, context.clock.now());
  const rows: [string, unknown][] = [
    ['message', job.message],
    ['upstream', job.upstream_state],
    ['result', job.result],
    ['next step', job.next_step],
    ...(job.warnings ?? []).map((warning): [string, string] => ['warning', warning]),
    ...(job.terminal
      ? []
      : ([
          ['status', job.status_command],
          ['cancel', job.cancel_command],
        ] as [string, string][])),
  ];
  const told = rows.filter(([, value]) => value !== null && value !== undefined);
  return [title.join(' · '), state, ...told.map(([label, value]) => `  ${label.padEnd(10)}${cellOf(value)}`)].join(
    '\n',
  );
}

/** The same, and anything else as it is: what a rehearsal answers is no job. */
export const renderJobOrJson = (data: unknown, context: Pick<Context, 'clock'>): string =>
  renderJob(data, context) || JSON.stringify(data, null, 2);
