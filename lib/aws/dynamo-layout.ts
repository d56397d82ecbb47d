import type { JobRef, Status } from '../core/job.ts';

/*
 * One table, partition key `pk`, sort key `sk`, time to live `expires_at` (epoch seconds).
 *
 *   JOB#<job id>          HOT                    the state; the commit point of every change
 *                         SPEC#…                 what never changes: the resolved kind, the owner, the handle of an adopted job
 *                         HANDLE#…               the handle of a started job
 *                         SEEN#…                 what was last seen
 *   DELIVERIES#<job id>   <event id>#<target>    how one event fares with one target
 *   NEWS#<news>           <target>               which event told a target of what many events share
 *   INBOX#<owner>         <number>               an event, in append order
 *                         COUNTER                the last number given out
 *   EVENT#<event id>      NUMBER                 which number an event has
 *   RATE#<connection>     SPENT                  how far its calls are accounted for, and until when it cools down
 *   OAUTH#<connection>    TOKENS                 its tokens, sealed, and who may refresh them; never expires
 */

export const hotKey = (job_id: string) => ({ pk: `JOB#${job_id}`, sk: 'HOT' });

/** An index partition takes 1,000 writes a second: an owner has four of them, the active jobs sixteen. */
const shardsPerOwner = 4;
const activeShards = 16;

/** FNV-1a, 32 bit: spreads short texts evenly. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

export const ownerShards = (owner: string): string[] =>
  Array.from({ length: shardsPerOwner }, (_, shard) => `OWNER#${owner}#${shard}`);

/** An owner's running jobs stand apart from the ended ones: counting them reads no history. */
export const stretches = ['running', 'ended'] as const;
export type Stretch = (typeof stretches)[number];
export const stretchOf = (status: Status): Stretch => (status === 'running' ? 'running' : 'ended');

/** Sorts by age, then by id. */
export const ageOf = ({ generation_ms, job_id }: JobRef): string =>
  `${String(generation_ms).padStart(15, '0')}#${job_id}`;
export const createdOf = (ref: JobRef, status: Status): string => `${stretchOf(status)}#${ageOf(ref)}`;

/** Where a job stands in jobs-of-owner: partition `owner_shard`, sorted by `created`. */
export const ownedKeys = (owner: string, ref: JobRef, status: Status) => ({
  owner_shard: `OWNER#${owner}#${hash(ref.job_id) % shardsPerOwner}`,
  created: createdOf(ref, status),
});

/** Where a job stands in active-jobs, while it runs or owes something: partition `active_shard`, sorted by `job_id`. */
export const activeKeys = (job_id: string) => ({ active_shard: `ACTIVE#${hash(job_id) % activeShards}`, job_id });
/** Every partition of active-jobs. */
export const allActiveShards = (): string[] => Array.from({ length: activeShards }, (_, shard) => `ACTIVE#${shard}`);
export const activeFields = ['active_shard', 'job_id'] as const;

const daySeconds = 86_400;
/** A job that still runs so long after its deadline was given up by everybody: its stack was switched off. */
const abandonedDays = 30;

/** Epoch seconds at which items go by themselves, `retention_days` after the end. A part outlives the state that refers to it. */
export const expiry = {
  running: (deadline_at_ms: number, retention_days: number): number =>
    Math.ceil(deadline_at_ms / 1000) + (abandonedDays + retention_days) * daySeconds,
  ended: (settled_at_ms: number, deadline_at_ms: number, retention_days: number): number =>
    Math.min(
      Math.ceil(settled_at_ms / 1000) + retention_days * daySeconds,
      expiry.running(deadline_at_ms, retention_days),
    ),
  part: (deadline_at_ms: number, retention_days: number): number =>
    expiry.running(deadline_at_ms, retention_days) + daySeconds,
  after: (at_ms: number, retention_days: number): number => Math.ceil(at_ms / 1000) + retention_days * daySeconds,
};

/** DynamoDB takes days to remove what has expired: until then readers pass it over. */
export const hasExpired = (item: { expires_at?: number | undefined }, now_ms: number): boolean =>
  item.expires_at !== undefined && item.expires_at * 1000 <= now_ms;
