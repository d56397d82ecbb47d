import { rounded } from './figures.ts';
import type { Layers } from './layers.ts';

/** Medians of one scenario, by system. */
export type Measured = {
  at: string;
  rounds: number;
  jobs: number;
  every_seconds: number;
  figures: Record<string, Record<string, number>>;
};
export type Results = {
  machine: Record<string, string | number>;
  scenarios: Record<string, Measured>;
  layers: Record<string, Layers>;
};

/** The columns of the comparison, the goal of each, and which way is better. */
export const columns: readonly { title: string; figures: readonly string[]; goal: string }[] = [
  { title: 'starts/s', figures: ['starts_per_s'], goal: '≥ 6,000' },
  { title: 'checks per CPU-s', figures: ['checks_per_cpu_s'], goal: '≥ 6,000' },
  { title: 'held checks/s', figures: ['held_per_s'], goal: '≥ 6,000' },
  { title: 'lag p99 ms', figures: ['lag_p99_ms'], goal: '≤ 10' },
  { title: 'announce ms p50/p99', figures: ['announce_p50_ms', 'announce_p99_ms'], goal: '≤ 4/12' },
  { title: 'KB a job', figures: ['rss_kb_per_job'], goal: '≤ 8' },
  { title: 'lost/twice/late', figures: ['never_told', 'told_again', 'looks_after_the_end'], goal: '0/0/0' },
  { title: 'overdue after kill ms', figures: ['worst_overdue_ms'], goal: '≤ 500' },
  { title: 'lost/twice then', figures: ['killed_never_told', 'killed_told_again'], goal: '0/–' },
];

const said = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return '–';
  const short = rounded(value);
  return short >= 1000 ? short.toLocaleString('en') : String(short);
};

/** The table, what the first system is beside the others, and where its time goes. */
export function printed({ scenarios, layers }: Results): string {
  const all: Record<string, Record<string, number>> = {};
  for (const { figures } of Object.values(scenarios))
    for (const [name, its] of Object.entries(figures)) all[name] = { ...all[name], ...its };
  const names = Object.keys(all);
  const widths = columns.map(({ title }) => title.length);
  const row = (name: string, cells: readonly string[]): string =>
    [name.padEnd(30), ...cells.map((cell, position) => cell.padStart(widths[position] ?? 0))].join('  ');
  const cellsOf = (figures: Record<string, number> | undefined): string[] =>
    columns.map((column) => column.figures.map((name) => said(figures?.[name])).join('/'));
  const lines = [
    row(
      '',
      columns.map(({ title }) => title),
    ),
    ...names.map((name) => row(name, cellsOf(all[name]))),
  ];
  lines.push(
    row(
      'goal',
      columns.map(({ goal }) => goal),
    ),
    '',
  );
  const [ours, ...floors] = names;
  for (const name of floors) lines.push(row(`${ours} ÷ ${name}`, ratios(all[ours ?? ''], all[name])));
  lines.push('', 'and besides:');
  for (const name of names) {
    const rest = Object.entries(all[name] ?? {}).filter(
      ([key]) => !columns.some(({ figures }) => figures.includes(key)),
    );
    lines.push(`  ${name}: ${rest.map(([key, value]) => `${key} ${said(value)}`).join(', ')}`);
  }
  for (const [what, shares] of Object.entries(layers)) {
    lines.push('', `where the processor time of ${what} goes (main thread; %):`);
    for (const [layer, share] of Object.entries(shares))
      lines.push(`  ${layer.padEnd(28)} ${share.toFixed(1).padStart(5)}`);
  }
  return lines.join('\n');
}

const ratios = (ours: Record<string, number> | undefined, floor: Record<string, number> | undefined): string[] =>
  columns.map(({ figures }) =>
    figures.map((name) => said((ours?.[name] ?? Number.NaN) / (floor?.[name] ?? Number.NaN))).join('/'),
  );
