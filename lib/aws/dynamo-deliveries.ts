import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { JobEvent } from '../core/announcement.ts';
import type { AnnouncementState } from '../core/descriptor.ts';
import { InvariantError } from '../core/errors.ts';
import { sharedFor_ms } from '../core/shared-news.ts';
import type { Clock } from '../ports.ts';
import { isFreeFor, isNew } from './dynamo-conditions.ts';
import { eventsOf, expiry, hasExpired, partsOf } from './dynamo-layout.ts';
import { openTable, type Row } from './dynamo-table.ts';
import type { DeliveryState, DeliveryStates } from './sns-announcements.ts';

export type DynamoDeliveriesOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  clock: Pick<Clock, 'now'>;
  /** A state goes so long after it was put. */
  retention_days?: number;
};

/** How every event fares with every target, one item each. */
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
      const { done, row: known } = await table.putIf(row, isNew);
      return { created: done, state: done ? { ...state } : stateIn(known ?? {}) };
    },
    handedOver: async (job_id, event_id, target, by) => {
      const delivered = by === 'topic' ? { state: 'delivered', attempts: 1 } : {};
      const { done } = await table.update(keyOf(job_id, event_id, target), {
        set: { handed_over: true, ...delivered },
        condition: { text: 'attribute_exists(pk)', values: {} },
      });
      if (!done) throw new InvariantError(`${event_id} was handed over to ${target}, and nobody had put that down`);
    },
    isFirst: async (key, target, event_id) => {
      const now_ms = clock.now();
      const row = { pk: `NEWS#${key}`, sk: target, event_id, expires_at: Math.ceil((now_ms + sharedFor_ms) / 1000) };
      return (await table.putIf(row, isFreeFor(event_id, Math.floor(now_ms / 1000)))).done;
    },
    list: async (job_id) => {
      const where = { text: 'pk = :pk', values: { ':pk': eventsOf(job_id) } };
      const rows = await table.all({ where });
      return rows
        .filter((row) => row['target'] !== undefined)
        .filter((row) => !hasExpired(row as { expires_at?: number }, clock.now())) // written by `put`
        .map(stateIn)
        .sort((left, right) => numberOf(left) - numberOf(right) || (left.target < right.target ? -1 : 1));
    },
    record: async ({ target, event: { event_id, data } }, state) => {
      const set = { ...state, event_id, target, handed_over: true, put_at_ms: clock.now(), expires_at: goesAt() };
      await table.update(keyOf(data.job_id, event_id, target), { set, condition: isLater(state.attempts) });
    },
  };
}

const numberOf = ({ event_id }: DeliveryState): number => partsOf(event_id).number;

function stateIn(row: Row): DeliveryState {
  const { target, event_id, state, attempts, last_error, handed_over, put_at_ms } = row as DeliveryState; // written by `put` and `record`
  return { target, event_id, state, attempts, last_error, handed_over, put_at_ms };
}
