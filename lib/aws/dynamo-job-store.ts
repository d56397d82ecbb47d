import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { InvariantError } from '../core/errors.ts';
import type { Job, JobRef } from '../core/job.ts';
import { refOf } from '../core/job.ts';
import type { Change, Clock, JobStore, Written } from '../ports.ts';
import { allOf, jobConditions as is } from './dynamo-conditions.ts';
import { type Hot, hotOf, jobOf, owedChange, type Ref, seenPartOf, specPartOf, stateChange } from './dynamo-items.ts';
import { activeFields, endedKeys, expiry, hasExpired, hotKey } from './dynamo-layout.ts';
import { createPartitions, newName } from './dynamo-partition.ts';
import { type Outcome, openTable, type Row, type Update } from './dynamo-table.ts';

export type DynamoJobStoreOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  clock: Pick<Clock, 'now'>;
  /** A record goes so long after its end. */
  retention_days?: number;
};

/**
 * Jobs in DynamoDB. HOT is the one item that decides: parts are written before it refers to them, and every change of it is
 * one conditional UpdateItem.
 *
 *   create   SPEC [SEEN] → HOT if vacant            save   [HANDLE] [SEEN] → HOT if it runs, on its number
 *
 * A crash, or a lost race, in between leaves a part that nobody refers to, and that expires.
 */
export function createDynamoJobStore(options: DynamoJobStoreOptions): JobStore {
  const { clock, retention_days = 30 } = options;
  const table = openTable(options.documents, options.table);
  const partitions = createPartitions(table, clock.now);

  async function read(job_id: string, consistent: boolean): Promise<Job | 'none' | 'torn'> {
    const found = await partitions.read(job_id, consistent);
    if (found === undefined || hasExpired(found.hot, clock.now())) return 'none';
    return jobOf(job_id, found.hot, found.parts) ?? 'torn';
  }
  /** A read that trails the last write may miss a record, or a part of it: what is not there is looked for once more, consistently. */
  async function load(job_id: string, { latest } = { latest: false }): Promise<Job | undefined> {
    const trailing = latest ? 'none' : await read(job_id, false);
    const job = typeof trailing === 'string' ? await read(job_id, true) : trailing;
    if (job === 'torn') throw new InvariantError(`the record of ${job_id} refers to a part that is not there`);
    return job === 'none' ? undefined : job;
  }
  /** The record of a HOT item that a write has shown: without a read, when its parts are known. */
  async function whole(job_id: string, hot: Hot): Promise<Job | undefined> {
    if (hasExpired(hot, clock.now())) return undefined;
    const { parts } = partitions.remember(job_id, hot);
    const job = jobOf(job_id, hot, parts);
    if (job !== undefined) return job;
    const found = await partitions.read(job_id, true);
    return found === undefined ? undefined : (jobOf(job_id, hot, found.parts) ?? load(job_id));
  }
  const hotIn = (row: Row | undefined): Hot | undefined => row as Hot | undefined; // rows under `hotKey` are HOT items

  /** One conditional change of HOT. A condition that fails because an answer was lost, and the write came through, has not failed. */
  async function change({ job_id }: JobRef, update: Update): Promise<Written> {
    const written_by = newName();
    const outcome = await table.update(hotKey(job_id), { ...update, set: { ...update.set, written_by } });
    return told(job_id, outcome, written_by);
  }
  async function told(job_id: string, { done, row }: Outcome, written_by: string): Promise<Written> {
    const hot = hotIn(row);
    const job = hot === undefined ? undefined : await whole(job_id, hot);
    if ((done || hot?.written_by === written_by) && job !== undefined) return { written: true, job };
    return { written: false, job };
  }

  async function save(made: Change): Promise<Written> {
    const { ref, expected_checks, takes_check, state, owe, handle, seen } = made;
    const ends = state.status !== undefined && state.status !== 'running';
    const { set, remove } = stateChange(state);
    if (takes_check && expected_checks !== null) set['checks'] = expected_checks + 1;
    if (ends || handle !== undefined || seen !== undefined) {
      // Its deadline and its owner are in the spec, which nearly always is known.
      const before = await knownOrLoaded(ref);
      if (before === undefined || before.generation_ms !== ref.generation_ms) return { written: false, job: before };
      const goes_at = expiry.part(before.deadline_at_ms, retention_days);
      const [handle_ref, seen_ref] = await Promise.all([
        handle === undefined ? undefined : partitions.addPart(ref.job_id, 'HANDLE', { handle }, goes_at),
        seen === undefined ? undefined : partitions.addPart(ref.job_id, 'SEEN', seen, goes_at),
      ]);
      if (handle_ref !== undefined) Object.assign(set, { handle_ref });
      if (seen_ref !== undefined) Object.assign(set, { seen_ref });
      addPending(ref.job_id, handle_ref, { handle });
      addPending(ref.job_id, seen_ref, seen);
      if (ends) {
        const settled_at_ms = state.settled_at_ms ?? clock.now();
        const expires_at = expiry.ended(settled_at_ms, before.deadline_at_ms, retention_days);
        Object.assign(set, endedKeys(before.owner, ref), { expires_at });
      }
    }
    const fence = expected_checks === null ? [] : [is.atCheck(expected_checks)];
    return idle(
      ref,
      await change(ref, {
        set: { ...set, ...owedChange(owe) },
        remove,
        condition: allOf(is.same(ref), is.running, ...fence),
      }),
    );
  }
  async function knownOrLoaded(ref: JobRef): Promise<Job | undefined> {
    const known = partitions.known(ref.job_id);
    const job = known === undefined ? undefined : jobOf(ref.job_id, known.hot, known.parts);
    return job?.generation_ms === ref.generation_ms ? job : load(ref.job_id);
  }
  /** A part just written is known, whether or not HOT comes to refer to it. */
  function addPending(job_id: string, ref: Ref | undefined, content: unknown): void {
    if (typeof ref === 'string') partitions.known(job_id)?.parts.set(ref, content);
  }

  /** Loaded when it is asked for: ticks list and count nothing. */
  const lists = async () => (await import('./dynamo-job-list.ts')).createJobList(table, load);

  async function paid(ref: JobRef, event_id: string): Promise<Written> {
    const known = partitions.known(ref.job_id)?.hot;
    const field = `owed.${event_id}`;
    const last = known?.status !== 'running' && Object.keys(known?.owed ?? {}).join() === event_id;
    if (last) {
      // As a rule it is the last one of a job that has ended: the job leaves the active ones in the same write.
      const condition = allOf(is.same(ref), is.ended, is.owesOnly(event_id));
      const written = await change(ref, { remove: [field, ...activeFields], condition });
      if (written.written) return written;
    }
    return idle(ref, await change(ref, { remove: [field], condition: is.same(ref) }));
  }
  /** An ended job that owes nothing leaves the active ones, also when two payers shared the last events between them. */
  async function idle(ref: JobRef, written: Written): Promise<Written> {
    const hot = partitions.known(ref.job_id)?.hot;
    const { job } = written;
    if (!written.written || job === undefined || job.state.status === 'running' || job.state.owed.length > 0)
      return written;
    if (hot?.active_shard === undefined) return written;
    const condition = allOf(is.same(ref), is.ended, is.owesNothing);
    const left = await change(ref, { remove: activeFields, condition });
    return left.written ? left : written;
  }

  return {
    create: async (job) => {
      const goes_at = expiry.part(job.deadline_at_ms, retention_days);
      const [spec, seen] = [specPartOf(job), seenPartOf(job)];
      const [spec_ref, seen_ref] = await Promise.all([
        partitions.addPart(job.job_id, 'SPEC', spec, goes_at),
        seen === null ? null : partitions.addPart(job.job_id, 'SEEN', seen, goes_at),
      ]);
      const written_by = newName();
      const hot = hotOf(
        job,
        { spec_ref, handle_ref: job.handle === null ? null : spec_ref, seen_ref },
        written_by,
        retention_days,
      );
      const { done, row } = await table.putIf(hot, is.vacant(Math.floor(clock.now() / 1000)));
      const found = hotIn(row);
      if (done || found === undefined || found.written_by === written_by) {
        const parts: [Ref | null, unknown][] = [
          [spec_ref, spec],
          [seen_ref, seen],
        ];
        partitions.remember(
          job.job_id,
          hot,
          parts.filter((part): part is [string, unknown] => typeof part[0] === 'string'),
        );
        return { created: true, job };
      }
      const known = (await whole(job.job_id, found)) ?? (await load(job.job_id));
      if (known === undefined) throw new InvariantError(`${job.job_id} is taken by a record that is not there`);
      return { created: false, job: known };
    },
    load,
    claim: ({ ref, expected_checks, proven, now_ms, lease_until_ms, next_check_at_ms, unsaved_claims }) =>
      change(ref, {
        set: {
          checks: expected_checks + 1,
          claimed_at_ms: now_ms,
          lease_until_ms,
          next_check_at_ms,
          unsaved_claims,
        },
        condition: allOf(
          is.same(ref),
          is.running,
          is.atCheck(expected_checks),
          ...(proven ? [] : [is.unleased(now_ms)]),
        ),
      }),
    claimStarter: (ref, until_ms) =>
      change(ref, {
        set: { starter_claimed_until_ms: until_ms },
        condition: allOf(is.same(ref), is.running, is.unstarted),
      }),
    save,
    wishCancel: async (ref, at_ms) => {
      const written = await change(ref, {
        set: { cancel_requested_at_ms: at_ms },
        remove: ['cancel_outcome'],
        condition: allOf(is.same(ref), is.running, is.unwished),
      });
      const { job } = written;
      // Wished already, and not in vain.
      const stands = job?.state.status === 'running' && refOf(job).generation_ms === ref.generation_ms;
      return stands ? { written: true, job } : written;
    },
    paid,
    countActive: async (owner, enough) => (await lists()).countActive(owner, enough),
    list: async (query) => (await lists()).list(query),
  };
}
