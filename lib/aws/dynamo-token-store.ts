import { noTokens, type TokenRecord, type TokenStore } from '../transports/oauth/token-store.ts';
import type { Condition, Row, Table } from './dynamo-table.ts';
import type { Seal } from './seal.ts';

export type DynamoTokenStoreOptions = {
  /** Handed over: what is loaded late brings no code along that is loaded early. */
  table: Table;
  /** Whose tokens they are. */
  connection: string;
  /** Asked at each use; `fresh` when what is there could not be opened. */
  seal: (reading: { fresh: boolean }) => Promise<Seal>;
};

const at = (version: number): Condition =>
  version === 0
    ? { text: 'attribute_not_exists(#version)', values: {} }
    : { text: '#version = :version', values: { ':version': version } };
const unleased = (now_ms: number): Condition => ({
  text: '(attribute_not_exists(lease_until_ms) OR lease_until_ms <= :now_ms)',
  values: { ':now_ms': now_ms },
});

/**
 * `TokenStore` on one item of the job table for each connection, which never expires: it may hold the only live refresh token.
 * Tokens stand in it sealed, bound to connection and item. What was sealed with a lost key counts as nothing: the secret that
 * the configuration names is tried again.
 */
export function createDynamoTokenStore({ table, connection, seal }: DynamoTokenStoreOptions): TokenStore {
  const key = { pk: `OAUTH#${connection}`, sk: 'TOKENS' };
  const place = JSON.stringify([connection, key.pk, key.sk]);

  async function opened(row: Row | undefined): Promise<TokenRecord> {
    const sealed = row?.['sealed'];
    if (!(sealed instanceof Uint8Array)) return noTokens;
    const text =
      (await seal({ fresh: false })).open(sealed, place) ?? (await seal({ fresh: true })).open(sealed, place);
    // Sealed by `save`, from the same type; a field that is newer than the item has its first value.
    return text === undefined ? noTokens : { ...noTokens, ...(JSON.parse(text) as Partial<TokenRecord>) };
  }
  return {
    read: async () => {
      const where: Condition = { text: 'pk = :pk AND sk = :sk', values: { ':pk': key.pk, ':sk': key.sk } };
      const [row] = await table.all({ where, consistent: true });
      return { version: Number(row?.['version'] ?? 0), record: await opened(row) };
    },
    lease: async (version, now_ms, until_ms) => {
      const [here, free] = [at(version), unleased(now_ms)];
      const condition = { text: `${here.text} AND ${free.text}`, values: { ...here.values, ...free.values } };
      return (await table.update(key, { set: { lease_until_ms: until_ms }, condition })).done;
    },
    save: async (version, record) => {
      const sealed = (await seal({ fresh: false })).close(JSON.stringify(record), place);
      const set = { version: version + 1, lease_until_ms: 0, sealed };
      return (await table.update(key, { set, condition: at(version) })).done;
    },
  };
}
