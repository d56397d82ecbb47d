import type { Handle, Job, JobSeen, JobSpec, JobState } from '../core/job.ts';
import { refOf, untouched } from '../core/job.ts';
import { activeKeys, endedKeys, expiry, hotKey, partsOf } from './dynamo-layout.ts';
import type { Row } from './dynamo-table.ts';
import { unpack } from './pack.ts';

type State = Omit<JobState, 'owed'>;

/** The name of a part, or a small part itself, packed. */
export type Ref = string | Uint8Array;

/** The HOT item. Fields that are null are left out, which keeps it small; the big parts are referred to. */
export type Hot = Partial<State> & {
  generation_ms: number;
  /** By event id. */
  owed: Record<string, { type: JobState['owed'][number]['type']; at_ms: number }>;
  spec_ref: Ref;
  /** Of the part that holds the handle: its own, or the spec of an adopted job. */
  handle_ref?: Ref;
  seen_ref?: Ref;
  /** Names the last write: who made it knows it again when the answer was lost. */
  written_by: string;
  expires_at: number;
  active_shard?: string;
};

/** Parts, by the name of the write that made them. Never written over: what a reference names stays what it was. */
export type Parts = ReadonlyMap<string, unknown>;
/** What never changes of a job. */
export type SpecPart = Pick<Job, 'schema_version' | 'owner' | 'started_at_ms' | 'deadline_at_ms'> & {
  spec: JobSpec;
  handle: Handle | null;
};
type HandlePart = { handle: Handle };
export type Refs = { spec_ref: Ref; handle_ref: Ref | null; seen_ref: Ref | null };

/** As a field is when its item has none. */
const { owed: _, ...absent } = untouched;
const fields = Object.keys(absent) as (keyof State)[]; // of the literal above
const nothingSeen: JobSeen = { message: null, observed: null, result: null };

/** Half a surrogate pair, where text was cut, is no UTF-8. */
const writable = (value: unknown): unknown => {
  if (typeof value === 'string') return value.toWellFormed();
  return Array.isArray(value) ? value.map(writable) : value;
};

/** What a patch of the state sets, and what it takes away. */
export function stateChange(patch: Partial<State>): { set: Row; remove: string[] } {
  const given = fields.filter((field) => patch[field] !== undefined);
  return {
    set: Object.fromEntries(
      given.filter((field) => patch[field] !== null).map((field) => [field, writable(patch[field])]),
    ),
    remove: given.filter((field) => patch[field] === null),
  };
}

/** The outbox as paths into the item, so that what is owed is added to and never replaced. */
export const owedChange = (owed: JobState['owed']): Row =>
  Object.fromEntries(owed.map(({ event_id, type, at_ms }) => [`owed.${event_id}`, { type, at_ms }]));

export function hotOf(job: Job, refs: Refs, written_by: string, retention_days: number) {
  const { generation_ms, owner, deadline_at_ms, state, spec } = job;
  const { status, settled_at_ms, owed } = state;
  return {
    ...hotKey(job.job_id),
    generation_ms,
    kind: spec.kind.name,
    ...stateChange(state).set,
    owed: Object.fromEntries(owed.map(({ event_id, type, at_ms }) => [event_id, { type, at_ms }])),
    spec_ref: refs.spec_ref,
    ...(refs.handle_ref === null ? {} : { handle_ref: refs.handle_ref }),
    ...(refs.seen_ref === null ? {} : { seen_ref: refs.seen_ref }),
    written_by,
    ...(status === 'running' ? {} : endedKeys(owner, job)),
    ...(status === 'running' || owed.length > 0 ? activeKeys(owner, job) : {}),
    expires_at:
      settled_at_ms === null
        ? expiry.running(deadline_at_ms, retention_days)
        : expiry.ended(settled_at_ms, deadline_at_ms, retention_days),
  };
}

export const specPartOf = ({ schema_version, owner, started_at_ms, deadline_at_ms, spec, handle }: Job): SpecPart => ({
  schema_version,
  owner,
  started_at_ms,
  deadline_at_ms,
  spec,
  handle,
});

/** Null when there is nothing to keep. */
export const seenPartOf = ({ seen }: Job): JobSeen | null =>
  Object.values(seen).every((value) => value === null) ? null : seen;

/** Told in this order. */
const numberOf = (event_id: string): number => partsOf(event_id).number;

/** The record, or undefined when a part that it refers to is not among these. */
export function jobOf(job_id: string, hot: Hot, parts: Parts): Job | undefined {
  const refs = [hot.spec_ref, hot.handle_ref, hot.seen_ref];
  if (refs.some((ref) => typeof ref === 'string' && !parts.has(ref))) return undefined;
  const partOf = (ref: Ref): unknown => (typeof ref === 'string' ? parts.get(ref) : unpack(ref));
  // A reference is written with the kind of part that it is for.
  const fixed = partOf(hot.spec_ref) as SpecPart;
  const held = hot.handle_ref === undefined ? null : (partOf(hot.handle_ref) as HandlePart);
  const seen = hot.seen_ref === undefined ? nothingSeen : (partOf(hot.seen_ref) as JobSeen);
  const state = Object.fromEntries(fields.map((field) => [field, hot[field] ?? absent[field]])) as State; // field by field
  const owed = Object.entries(hot.owed)
    .map(([event_id, { type, at_ms }]) => ({ event_id, type, at_ms }))
    .sort((left, right) => numberOf(left.event_id) - numberOf(right.event_id));
  const { schema_version, owner, started_at_ms, deadline_at_ms, spec } = fixed;
  return {
    ...refOf({ job_id, generation_ms: hot.generation_ms }),
    schema_version,
    owner,
    started_at_ms,
    deadline_at_ms,
    spec,
    handle: held?.handle ?? null,
    state: { ...state, owed },
    seen,
  };
}
