import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { JobEvent } from '../core/announcement.ts';
import type { AnnouncementState } from '../core/descriptor.ts';
import { sharedFor_ms } from '../core/shared-news.ts';
import type { Clock } from '../ports.ts';
import type { DeliveryStates } from './announcement-states.ts';
import { isFreeFor, isNew } from './dynamo-conditions.ts';
import { eventsOf, expiry, hasExpired } from './dynamo-layout.ts';
import { openTable, type Row } from './dynamo-table.ts';

export type DynamoDeliveriesOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  clock: Pick<Clock, 'now'>;
  /** A state goes so long after it was put. */
  retention_days?: number;
};

/** How an event fares with a target, one item each, written once the target has it. */
export type DynamoDeliveries = DeliveryStates & {
  /** Writes what an attempt came to, unless a later one, or the end, is written already. */
  record(
    delivery: { target: string; event: JobEvent },
    state: Omit<AnnouncementState, 'target' | 'event_id'>,
  ): Promise<void>;
};

/** Queues deliver twice and out of order: what was delivered stays so, and attempts never count down. One that was made again, since whoever made it died, may end otherwise. */
const isLater = (attempts: number) => ({
  text: 'attribute_not_exists(pk) OR (#state <> :delivered AND attempts <= :attempts)',
  values: { ':delivered': 'delivered', ':attempts': attempts },
});

export function createDynamoDeliveries(options: DynamoDeliveriesOptions): DynamoDeliveries {
  const { clock, retention_days = 30 } = options;
  const table = openTable(options.documents, options.table);
  const goesAt = (): number => expiry.after(clock.now(), retention_days);
  const keyOf = (job_id: string, event_id: string, target: string) => ({
    pk: eventsOf(job_id),
    sk: `${event_id}#${target}`,
  });

  return {
    put: async (job_id, state) => {
      const row = { ...keyOf(job_id, state.event_id, state.target), ...state, expires_at: goesAt() };
      await table.putIf(row, isNew);
    },
    isFirst: async (key, target, event_id) => {
      const now_ms = clock.now();
      const row = { pk: `NEWS#${key}`, sk: target, event_id, expires_at: Math.ceil((now_ms + sharedFor_ms) / 1000) };
      return (await table.putIf(row, isFreeFor(event_id, Math.floor(now_ms / 1000)))).done;
    },
    list: async (job_id) => {
      const where = { text: 'pk = :pk', values: { ':pk': eventsOf(job_id) } };
      const rows = await table.all({ where });
      const live = rows.filter((row) => !hasExpired(row as { expires_at?: number }, clock.now())); // written by `put`, `record` and the inbox
      const isState = (row: Row): boolean => row['target'] !== undefined;
      return {
        states: live.filter(isState).map(stateIn),
        events: live.filter((row) => !isState(row)).map((row) => String(row['sk'])),
      };
    },
    record: async ({ target, event: { event_id, data } }, state) => {
      const set = { ...state, event_id, target, expires_at: goesAt() };
      await table.update(keyOf(data.job_id, event_id, target), { set, condition: isLater(state.attempts) });
    },
  };
}

function stateIn(row: Row): AnnouncementState {
  const { target, event_id, state, attempts, last_error } = row as AnnouncementState; // written by `put` and `record`
  return { target, event_id, state, attempts, last_error };
}
