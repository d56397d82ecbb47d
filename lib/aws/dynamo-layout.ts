import { createHash } from 'node:crypto';
import type { JobRef } from '../core/job.ts';

/*
 * One table, partition key `pk`, sort key `sk`, time to live `expires_at` (epoch seconds).
 *
 *   JOB#<job id>          HOT                    the state; the commit point of every change
 *                         SPEC#…                 what never changes: the resolved kind, the owner, the handle of an adopted job
 *                         HANDLE#…               the handle of a started job
 *                         SEEN#…                 what was last seen
 *   EVENTS#<job id>       <event id>             what an event says
 *                         <event id>#<target>    how it fares with one target
 *   NEWS#<news>           <target>               which event told a target of what many events share
 *   INBOX#<owner>         <page>                 ids of events, in append order
 *   RATE#<connection>     SPENT                  how far its calls are accounted for, and until when it cools down
 *   OAUTH#<connection>    TOKENS                 its tokens, sealed, and who may refresh them; never expires
 */

export const hotKey = (job_id: string) => ({ pk: `JOB#${job_id}`, sk: 'HOT' });
export const eventsOf = (job_id: string): string => `EVENTS#${job_id}`;
/** `evt_` job, generation, number, type. */
export function partsOf(event_id: string): JobRef & { number: number; type: string } {
  const [, job = '', generation = '', number, type = ''] = event_id.split('_');
  return { job_id: `job_${job}`, generation_ms: Number.parseInt(generation, 36), number: Number(number ?? 0), type };
}
export const eventKey = (event_id: string) => ({ pk: eventsOf(partsOf(event_id).job_id), sk: event_id });

/** An index partition takes 1,000 writes a second: the active jobs have sixteen, of which an owner has four, and as many for its ended ones. */
const shardsPerOwner = 4;
const activeShards = 16;

/** FNV-1a, 32 bit: spreads short texts evenly. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return value;
}

/** Which of its owner's partitions a job stands in. */
const shardOf = (job_id: string): number => hash(job_id) % shardsPerOwner;
const eachShard = Array.from({ length: shardsPerOwner }, (_, shard) => shard);

/** Sorts by age, then by id. */
export const ageOf = ({ generation_ms, job_id }: JobRef): string =>
  `${String(generation_ms).padStart(15, '0')}#${job_id}`;
export const jobIdIn = (age: string): string => age.slice(age.lastIndexOf('#') + 1);

/** Where a job stands in jobs-of-owner from its end on, which is written once: partition `owner_shard`, sorted by `created`. */
export const endedKeys = (owner: string, ref: JobRef) => ({
  owner_shard: endedShard(owner, shardOf(ref.job_id)),
  created: ageOf(ref),
});
const endedShard = (owner: string, shard: number): string => `ENDED#${ownerTag(owner)}#${shard}`;
export const endedShards = (owner: string): string[] => eachShard.map((shard) => endedShard(owner, shard));

/** Where a job stands in active-jobs, while it runs or owes something: partition `active_shard`, sorted by `active_job`. */
export const activeKeys = (owner: string, ref: JobRef) => ({
  active_shard: activeShard(owner, shardOf(ref.job_id)),
  active_job: `${activePrefix(owner)}${ageOf(ref)}`,
});
const activeShard = (owner: string, shard: number): string => `ACTIVE#${(hash(owner) + shard) % activeShards}`;
/** The partitions of active-jobs that an owner's jobs stand in, beside those of others. */
export const activeShardsOf = (owner: string): string[] => eachShard.map((shard) => activeShard(owner, shard));
/** Every partition of active-jobs. */
export const allActiveShards = (): string[] => Array.from({ length: activeShards }, (_, shard) => `ACTIVE#${shard}`);
export const activeFields = ['active_shard', 'active_job'] as const;

/** Stands for an owner in the indexes: short, and as long for each, so that none is the beginning of another's, whatever owners are called. */
const ownerTag = (owner: string): string => createHash('sha256').update(owner).digest('base64url').slice(0, 12);
/** What an owner's active jobs begin with. */
export const activePrefix = (owner: string): string => `${ownerTag(owner)}#`;

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
