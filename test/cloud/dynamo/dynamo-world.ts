import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocuments } from '../../../lib/aws/clients.ts';
import { createDynamoDeliveries } from '../../../lib/aws/dynamo-deliveries.ts';
import { createDynamoEvents } from '../../../lib/aws/dynamo-events.ts';
import { createDynamoJobStore } from '../../../lib/aws/dynamo-job-store.ts';
import { indexes } from '../../../lib/env.ts';
import { address, epoch_ms } from '../../contracts/records.ts';
import { type DynamoFrontOptions, startDynamoFront } from '../dynamo-front.ts';

/** The job table as CreateTable knows it; what is deployed comes from the synthesized template. */
export const tableInput = (TableName: string): CreateTableCommandInput => {
  const keys = (partition: string, sort: string): CreateTableCommandInput['KeySchema'] => [
    { AttributeName: partition, KeyType: 'HASH' },
    { AttributeName: sort, KeyType: 'RANGE' },
  ];
  return {
    TableName,
    KeySchema: keys('pk', 'sk'),
    AttributeDefinitions: ['pk', 'sk', 'owner_shard', 'created', 'active_shard', 'active_job'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    BillingMode: 'PAY_PER_REQUEST',
    GlobalSecondaryIndexes: [
      {
        IndexName: indexes.owner,
        KeySchema: keys('owner_shard', 'created'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['status', 'kind'] },
      },
      {
        IndexName: indexes.active,
        KeySchema: keys('active_shard', 'active_job'),
        Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['kind'] },
      },
    ],
  };
};

export type ManualClock = { now: () => number; advance: (seconds: number) => void };
export function manualClock(): ManualClock {
  let now_ms = epoch_ms + 10_000;
  return {
    now: () => now_ms,
    advance: (seconds) => {
      now_ms += seconds * 1000;
    },
  };
}

/** The front with a fresh table each time it is asked for one, and the adapters on it. Close it. */
export async function dynamoWorld(options: DynamoFrontOptions = {}) {
  const front = await startDynamoFront(options);
  const clients: DynamoDBDocumentClient[] = [];
  let tables = 0;

  /** A client of its own: a process. With one attempt an answer that is cut off fails at once. */
  function connect(maxAttempts = 4): DynamoDBDocumentClient {
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    // Client, front and engine share one busy thread here: that it is slow is no fault.
    const requestHandler = { connectionTimeout: 15_000, requestTimeout: 15_000 };
    const here = { endpoint: front.endpoint, region: 'eu-west-1', credentials };
    const documents = createDocuments({ ...here, maxAttempts, requestHandler });
    clients.push(documents);
    return documents;
  }
  return {
    front,
    connect,
    freshTable: async () => {
      tables += 1;
      const table = `jobs-${tables}`;
      await front.createTable(tableInput(table), 'expires_at');
      const clock = manualClock();
      /** The adapters of another process: it knows nothing yet. */
      const another = (attempts?: number) => {
        const on = { documents: connect(attempts), table, clock };
        const store = createDynamoJobStore(on);
        return {
          store,
          events: createDynamoEvents({ ...on, jobs: store, address: () => address }),
          deliveries: createDynamoDeliveries(on),
        };
      };
      return {
        table,
        clock,
        another,
        anotherStore: (attempts?: number) => another(attempts).store,
        ...another(),
      };
    },
    close: async () => {
      for (const client of clients) client.destroy();
      await front.close();
    },
  };
}
