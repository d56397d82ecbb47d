/** Remote text on a terminal: control and bidirectional characters become spaces, so that it can neither move the cursor nor pose as ours. */
export const plainText = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out
  text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, ' ');

/** A value in one cell or line: objects as JSON, nothing as a dash. */
export const cellOf = (value: unknown): string => {
  if (value === null || value === undefined || value === '') return '-';
  return plainText(typeof value === 'string' ? value : JSON.stringify(value));
};

/** Columns aligned with spaces under their headings; the last one is not padded. */
export function tableOf({ headings, rows }: { headings: string[]; rows: unknown[][] }): string {
  const cells = [headings, ...rows.map((row) => row.map(cellOf))];
  const widths = headings.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `42s`, `3m12s`, `2h05m`, `3d04h`: two units at most. */
export function durationOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number): string => String(value).padStart(2, '0');
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m${two(seconds % 60)}s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h${two(Math.floor((seconds % 3600) / 60))}m`;
  return `${Math.floor(seconds / 86_400)}d${two(Math.floor((seconds % 86_400) / 3600))}h`;
}
