import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { RequestError } from '../core/errors.ts';
import type { RateLeases, RateState } from '../transports/leased-rate-budget.ts';
import { type Condition, openTable, type Row } from './dynamo-table.ts';

export type DynamoRateLeasesOptions = {
  documents: DynamoDBDocumentClient;
  table: string;
  /** The connection whose calls are counted. */
  connection: string;
  now: () => number;
  /** The whole of one write with its retries, ms (1,500): a check waits for it. */
  timeout_ms?: number;
};

/** A connection that nobody calls for a day leaves nothing; no cool-down lasts that long. */
const kept_seconds = 86_400;
/** When the table is out of reach, the next try is so far away, ms. */
const busy_ms = 5_000;

const free = (now_ms: number): Condition => ({
  text: ['spent_until_ms', 'cool_until_ms']
    .map((field) => `(attribute_not_exists(${field}) OR ${field} <= :now_ms)`)
    .join(' AND '),
  values: { ':now_ms': now_ms },
});
const shorter = (until_ms: number): Condition => ({
  text: 'attribute_not_exists(cool_until_ms) OR cool_until_ms < :until_ms',
  values: { ':until_ms': until_ms },
});

/** `RateLeases` on one item of the job table for each connection. A table that is out of reach gives no lease, and fails nothing. */
export function createDynamoRateLeases(options: DynamoRateLeasesOptions): RateLeases {
  const { connection, now, timeout_ms = 1_500 } = options;
  const table = openTable(options.documents, options.table);
  const key = { pk: `RATE#${connection}`, sk: 'SPENT' };
  const expires_at = (): number => Math.ceil(now() / 1000) + kept_seconds;
  const soon = () => ({ signal: AbortSignal.timeout(timeout_ms) });

  return {
    lease: async (now_ms, spent_until_ms) => {
      const set = { spent_until_ms, expires_at: expires_at() };
      try {
        const { done, row } = await table.update(key, { set, condition: free(now_ms) }, soon());
        return { leased: done, state: stateIn(row ?? {}) };
      } catch (error) {
        if (!(error instanceof RequestError)) throw error;
        return { leased: false, state: { spent_until_ms: now_ms + busy_ms, cool_until_ms: 0 } };
      }
    },
    coolDown: async (cool_until_ms) => {
      const set = { cool_until_ms, expires_at: expires_at() };
      try {
        await table.update(key, { set, condition: shorter(cool_until_ms) }, soon());
      } catch (error) {
        // This process keeps to it all the same, and the others meet the limit themselves.
        if (!(error instanceof RequestError)) throw error;
      }
    },
  };
}

function stateIn({ spent_until_ms = 0, cool_until_ms = 0 }: Row): RateState {
  return { spent_until_ms: Number(spent_until_ms), cool_until_ms: Number(cool_until_ms) };
}
