/** The value below which a share of `sorted` lies; NaN of nothing. */
export const quantile = (sorted: ArrayLike<number>, share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** The middle one. */
export const median = (values: readonly number[]): number =>
  quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );

/** The median of each figure that the runs have. */
export function medians(runs: readonly Record<string, number>[]): Record<string, number> {
  const names = new Set(runs.flatMap((run) => Object.keys(run)));
  return Object.fromEntries([...names].map((name) => [name, median(runs.flatMap((run) => run[name] ?? []))] as const));
}

/** With as many digits as can be believed. */
export const rounded = (value: number): number =>
  Number.isNaN(value) ? value : Number(value.toPrecision(Math.abs(value) >= 1000 ? 4 : 3));
