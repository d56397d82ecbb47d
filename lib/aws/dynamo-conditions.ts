import type { JobRef } from '../core/job.ts';
import type { Condition } from './dynamo-table.ts';

/** What must hold of a HOT item for a write to count. Nothing in the table is guarded in any other way. */
export const jobConditions = {
  /** No record, or one that only waits for its removal. */
  vacant: (now_seconds: number): Condition => ({
    text: 'attribute_not_exists(pk) OR expires_at <= :now_seconds',
    values: { ':now_seconds': now_seconds },
  }),
  /** There is a record, and it is this job's: not an earlier or a later one with the same id. */
  same: ({ generation_ms }: JobRef): Condition => ({
    text: 'generation_ms = :generation_ms',
    values: { ':generation_ms': generation_ms },
  }),
  running: { text: '#status = :running', values: { ':running': 'running' } },
  ended: { text: '#status <> :running', values: { ':running': 'running' } },
  /** The fence. */
  atCheck: (expected_checks: number): Condition => ({
    text: 'checks = :expected_checks',
    values: { ':expected_checks': expected_checks },
  }),
  unleased: (now_ms: number): Condition => ({ text: 'lease_until_ms <= :now_ms', values: { ':now_ms': now_ms } }),
  /** Nobody has begun to start it. */
  unstarted: {
    text: 'attribute_not_exists(handle_ref) AND attribute_not_exists(starter_claimed_until_ms)',
    values: {},
  },
  /** No wish to cancel yet, or one that was declined. */
  unwished: {
    text: '(attribute_not_exists(cancel_requested_at_ms) OR cancel_outcome = :declined)',
    values: { ':declined': 'declined' },
  },
  owesOnly: (event_id: string): Condition => ({
    text: `attribute_exists(owed.#${event_id}) AND size(owed) = :one`,
    values: { ':one': 1 },
  }),
  owesNothing: { text: 'size(owed) = :none', values: { ':none': 0 } },
} as const;

/** For items that are written once. */
export const isNew: Condition = { text: 'attribute_not_exists(pk)', values: {} };
/** For items that one event may write, again too, until they expire. */
export const isFreeFor = (event_id: string, now_seconds: number): Condition => ({
  text: 'attribute_not_exists(pk) OR event_id = :event_id OR expires_at <= :now_seconds',
  values: { ':event_id': event_id, ':now_seconds': now_seconds },
});
/** For a slot that is written over only as it was seen. */
export const holds = (ref: string): Condition => ({ text: '#ref = :ref', values: { ':ref': ref } });

export const allOf = (...conditions: Condition[]): Condition => ({
  text: conditions.map(({ text }) => text).join(' AND '),
  values: Object.assign({}, ...conditions.map(({ values }) => values)),
});
