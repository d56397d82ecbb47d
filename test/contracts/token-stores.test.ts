import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openTable } from '../../lib/aws/dynamo-table.ts';
import { createDynamoTokenStore } from '../../lib/aws/dynamo-token-store.ts';
import { createSeal } from '../../lib/aws/seal.ts';
import { createSqliteTokenStore } from '../../lib/embedded/sqlite-token-store.ts';
import { dynamoWorld } from '../cloud/dynamo/dynamo-world.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { tokenStoreContract } from './token-store-contract.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

tokenStoreContract('one machine', async () => {
  const directory = temporaryDirectory();
  const path = join(directory.path, 'tokens', 'octo');
  return {
    process: () => createSqliteTokenStore(path),
    neighbour: createSqliteTokenStore(join(directory.path, 'tokens', 'ci')),
    atRest: async () => {
      if ((statSync(path).mode & 0o077) !== 0) throw new Error('others may read it');
      return readFileSync(path, 'latin1');
    },
    sealed: false,
    close: async () => directory.remove(),
  };
});

tokenStoreContract('DynamoDB', async () => {
  const { table } = await world.freshTable();
  const seal = async () => createSeal('a long random key');
  const storeOf = (connection: string) =>
    createDynamoTokenStore({ table: openTable(world.connect(), table), connection, seal });
  return {
    process: () => storeOf('octo'),
    neighbour: storeOf('ci'),
    atRest: async () => {
      const where = { text: 'pk = :pk', values: { ':pk': 'OAUTH#octo' } };
      const rows = await openTable(world.connect(), table).all({ where, consistent: true });
      const plain = (_: string, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
      return rows
        .map((row) =>
          JSON.stringify(Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(key, value)]))),
        )
        .join();
    },
    sealed: true,
    close: async () => undefined,
  };
});
