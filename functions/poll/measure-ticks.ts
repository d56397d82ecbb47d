import type { TickReport } from '../../lib/flow/run-tick.ts';
import type { Settings, Tick } from '../../lib/ports.ts';
import type { Measure } from '../shared/measure.ts';

/** A tick that came to something. */
export type Ticked = { tick: Tick; report: TickReport; begun_ms: number };

/** Writes a batch's checks down by kind, with how late they were, and those that failed by host. */
export function measureTicks(
  ticked: readonly Ticked[],
  settings: Pick<Settings, 'connections'>,
  measure: Measure,
): void {
  const looked = ticked.filter(({ report }) => report.verdict !== undefined);
  for (const [kind, of] of groupBy(looked, ({ report }) => report.job?.spec.kind.name ?? 'unknown'))
    measure({ Checks: of.length, DetectionLagMs: of.map(lagOf) }, { kind });
  const failed = looked.filter(({ report }) => report.verdict === 'failed_check' || report.verdict === 'auth_failed');
  for (const [host, of] of groupBy(failed, ({ report }) => hostOf(settings, report)))
    measure({ CheckErrors: of.length }, { host });
  const refused = failed.filter(({ report }) => report.verdict === 'auth_failed').length;
  if (refused > 0) measure({ CredentialsRefused: refused });
}

/** From when the look was due until it began: what a job's end can be seen late by, beyond its cadence. */
const lagOf = ({ tick, begun_ms }: Ticked): number => Math.max(0, begun_ms - tick.due_at_ms);

/** The connection's own host: those that jobs name could be any number, and each would be a metric to pay for. */
const hostOf = ({ connections }: Pick<Settings, 'connections'>, { job }: TickReport): string =>
  URL.parse(connections.get(job?.spec.connection ?? '')?.url ?? '')?.host ?? 'unknown';

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
