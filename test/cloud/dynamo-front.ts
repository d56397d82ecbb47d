import type { IncomingHttpHeaders } from 'node:http';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import type { Item, Units } from './dynamo/billing.ts';
import { type Body, startEngine } from './dynamo/engine.ts';
import { createTables, type IsStale, type TableAnswer } from './dynamo/tables.ts';
import { type ApiCall, type Authorize, type FaultOf, type LoggedCall, sessionTokenOf } from './queues/api-call.ts';
import { createGuard, type GuardedAnswer } from './queues/guard.ts';
import { type LoopbackAnswer, type LoopbackRequest, startLoopback } from './queues/loopback.ts';

/** A call with the request it came with. */
export type DynamoCall = ApiCall & { body: Body };
export type DynamoFrontOptions = {
  region?: string;
  port?: number;
  /** Where the tables are kept; in memory unless given. */
  data_directory?: string;
  /** What its log goes by; real time unless given. */
  now?: () => number;
  fault?: FaultOf;
  authorize?: Authorize;
  /** Hears of every call that took effect, or failed its condition, with what it is billed. */
  onCall?: (call: DynamoCall, units: Units) => void;
  /** Holds a call before it is let through. */
  hold?: (call: DynamoCall) => Promise<void> | undefined;
  /** Whether this eventually consistent read sees its items, or some of them, as they were before their last write. */
  stale?: (call: DynamoCall) => boolean | IsStale;
};

/** One call as it was billed. */
export type BilledCall = Units & { action: string; resource: string; body: Body };
export type DynamoFront = {
  /** For AWS_ENDPOINT_URL_DYNAMODB. */
  endpoint: string;
  port: number;
  calls: LoggedCall[];
  /** Billed calls, in order. */
  billed: BilledCall[];
  createTable(table: CreateTableCommandInput, time_to_live_attribute?: string): Promise<void>;
  /** Every item of a table, as it is. */
  items(table: string): Promise<Item[]>;
  /** Takes a partition away, as TTL does in the end. */
  expire(table: string, pk: string): Promise<void>;
  close(): Promise<void>;
};

const account = '000000000000';
/** dynalite wants a signature and looks no further. */
const ours: IncomingHttpHeaders = {
  authorization:
    'AWS4-HMAC-SHA256 Credential=front/20261121/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
  'x-amz-date': '20261121T090000Z',
};

/** DynamoDB on loopback: dynalite behind a front that adds what it leaves out, counts what is billed, and goes wrong on purpose. */
export async function startDynamoFront(options: DynamoFrontOptions = {}): Promise<DynamoFront> {
  const { region = 'eu-west-1', onCall, hold, stale, now = Date.now } = options;
  const engine = await startEngine(options.data_directory);
  const tables = createTables(engine, (name) => `arn:aws:dynamodb:${region}:${account}:table/${name}`);
  const guard = createGuard(options);
  const billed: BilledCall[] = [];

  function staleOf(call: DynamoCall): IsStale {
    const which = stale?.(call) ?? false;
    return typeof which === 'boolean' ? () => which : which;
  }
  async function answer(request: LoopbackRequest): Promise<LoopbackAnswer | null> {
    const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const body = JSON.parse(request.body) as Body; // the SDK sends JSON
    const table = `arn:aws:dynamodb:${region}:${account}:table/${body.TableName ?? '*'}`;
    const call: DynamoCall = {
      at_ms: now(),
      action: `dynamodb:${action}`,
      resource: body.IndexName === undefined ? table : `${table}/index/${body.IndexName}`,
      context: {},
      session_token: sessionTokenOf(request.headers),
      bytes: Buffer.byteLength(request.body),
      body,
    };
    await hold?.(call);
    const run = async (): Promise<GuardedAnswer> => {
      const answered = await tables.run(action, body, request.headers, staleOf(call));
      billed.push({ action, resource: call.resource, body, ...answered.units });
      onCall?.(call, answered.units);
      return rendered(answered);
    };
    return guard.pass({ call, refuse: (why, message) => rendered(refusals[why](message)), run });
  }

  async function items(TableName: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let from: unknown; from !== null; ) {
      const page = await engine.send(
        'Scan',
        { TableName, ...(from === undefined ? {} : { ExclusiveStartKey: from }) },
        ours,
      );
      items.push(...(page.body.Items ?? []));
      from = page.body['LastEvaluatedKey'] ?? null;
    }
    return items;
  }

  const { endpoint, port, close } = await startLoopback(answer, options.port);
  return {
    endpoint,
    port,
    calls: guard.calls,
    billed,
    createTable: async (table, time_to_live_attribute) => {
      // What dynalite does not know is left to the front, or to AWS.
      const { TableName, KeySchema, AttributeDefinitions, GlobalSecondaryIndexes } = table;
      const known = {
        TableName,
        KeySchema,
        AttributeDefinitions,
        GlobalSecondaryIndexes,
        BillingMode: 'PAY_PER_REQUEST',
      };
      const made = await tables.run('CreateTable', JSON.parse(JSON.stringify(known)), ours);
      if (made.status !== 200) throw new Error(`no table: ${JSON.stringify(made.body)}`);
      if (time_to_live_attribute === undefined) return;
      const TimeToLiveSpecification = { AttributeName: time_to_live_attribute, Enabled: true };
      await tables.run('UpdateTimeToLive', { TableName: TableName ?? '', TimeToLiveSpecification }, ours);
    },
    items,
    expire: async (TableName, pk) => {
      for (const { pk: at, sk } of (await items(TableName)).filter((item) => item['pk']?.S === pk))
        await tables.run('DeleteItem', JSON.parse(JSON.stringify({ TableName, Key: { pk: at, sk } })), ours);
    },
    close: async () => {
      await close();
      await engine.close();
    },
  };
}

const failed = (status: number, type: string, message: string): TableAnswer => ({
  status,
  body: { __type: `com.amazonaws.dynamodb.v20120810#${type}`, message },
  units: { wru: 0, rru: 0 },
});
const refusals: Record<'throttle' | 'fail' | 'denied', (message: string) => TableAnswer> = {
  throttle: (message) => failed(400, 'ThrottlingException', message),
  fail: (message) => failed(500, 'InternalServerError', message),
  denied: (message) => failed(400, 'AccessDeniedException', message),
};

function rendered({ status, body }: TableAnswer): GuardedAnswer {
  const type = body['__type'];
  const error = status === 200 ? null : String(type).replace(/^.*#/, '');
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(body), error };
}
