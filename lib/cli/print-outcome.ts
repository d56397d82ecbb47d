import type { Command } from './command.ts';
import type { Context } from './context.ts';
import { type Envelope, envelopeVersion } from './envelope.ts';
import { exitCode } from './exit-codes.ts';
import type { Outcome } from './outcome.ts';
import { cellOf, plainText } from './plain-text.ts';

type Problem = { path?: string; message: string };

/** The envelope of an outcome: `ok` follows from the exit code and from nothing else. */
export function envelopeOf(
  outcome: Outcome,
  meta: { duration_ms: number; request_id: string; tool_version: string; command: string },
): Envelope {
  return {
    ok: outcome.exit_code === exitCode.ok,
    data: outcome.data,
    error: outcome.error,
    warnings: outcome.warnings,
    meta: {
      ...meta,
      exit_code: outcome.exit_code,
      schema_version: envelopeVersion,
      ...outcome.meta,
    },
  };
}

/** What knows how data reads: there when a command got as far as running. */
type Rendering = { command: Pick<Command, 'render' | 'table'> | undefined; context?: Context | undefined };

/** The same for a person: what there is goes to stdout, what went wrong to stderr. */
export function textOf(
  outcome: Outcome,
  { command, context }: Rendering,
  format: 'text' | 'tsv',
): { stdout: string; stderr: string } {
  const rendered = outcome.data === null ? '' : renderedBy(outcome, { command, context }, format);
  const { error } = outcome;
  // The job itself says how it stands; saying it again as an error would only repeat it.
  const aboutJob = error?.code.startsWith('JOB_') === true && rendered !== '';
  const lines = outcome.warnings.map((warning) => `warning: ${plainText(warning)}`);
  if (error !== null && !aboutJob && outcome.told !== true) {
    const problems: Problem[] = Array.isArray(error['problems']) ? error['problems'] : [];
    const told = problems.every((problem) => error.message.includes(problem.message));
    const listed = !told || problems.length > 1;
    lines.push(`error: ${plainText(told && listed ? `${problems.length} problems` : error.message)}`);
    if (listed)
      for (const problem of problems) lines.push(`  ${plainText(`${problem.path ?? ''} ${problem.message}`.trim())}`);
    if (error.suggestion) lines.push(`  ${plainText(error.suggestion)}`);
    else if (error.fix_required) lines.push(`  ${plainText(error.fix_required)}`);
    if (error.fix_command && !error.suggestion?.includes(error.fix_command)) lines.push(`  try: ${error.fix_command}`);
  }
  return { stdout: rendered === '' ? '' : `${rendered}\n`, stderr: lines.map((line) => `${line}\n`).join('') };
}

function renderedBy(outcome: Outcome, { command, context }: Rendering, format: 'text' | 'tsv'): string {
  if (format === 'tsv' && command?.table !== undefined) {
    const { headings, rows } = command.table(outcome.data);
    return [headings, ...rows.map((row) => row.map(cellOf))].map((row) => row.join('\t')).join('\n');
  }
  if (command === undefined || context === undefined) return JSON.stringify(outcome.data, null, 2);
  return command.render(outcome.data, context);
}
