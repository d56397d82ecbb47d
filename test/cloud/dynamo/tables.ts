import type { IncomingHttpHeaders } from 'node:http';
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import {
  type BilledIndex,
  entryOf,
  type Item,
  indexesOf,
  itemSize,
  noUnits,
  type Units,
  unitsOfRead,
  unitsOfWrite,
} from './billing.ts';
import type { Body, Engine, EngineAnswer } from './engine.ts';
import { createKeyLocks } from './key-locks.ts';

export type TableAnswer = EngineAnswer & { units: Units };
/** Whether an item is seen as it was before its last write. */
export type IsStale = (key: Item) => boolean;
export type Tables = {
  run(action: string, body: Body, headers: IncomingHttpHeaders, stale?: IsStale): Promise<TableAnswer>;
};

type Table = {
  keys: string[];
  indexes: BilledIndex[];
  time_to_live: { AttributeName: string; Enabled: boolean } | null;
  point_in_time: boolean;
};
/** An item as it was before its last write. */
type Image = { key: Item; before: Item | undefined };

const writes = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
const reads = new Set(['GetItem', 'Query']);
const free = (body: Body): TableAnswer => ({ status: 200, body, units: noUnits });

/** What dynalite leaves out: the item of a failed condition, time to live, backups; and what each call is billed. */
export function createTables(engine: Engine, arnOf: (table: string) => string): Tables {
  const tables = new Map<string, Table>();
  const images = new Map<string, Image>();
  const locked = createKeyLocks();

  /** Tables on disk may be older than this process. */
  async function tableOf(name: string, headers: IncomingHttpHeaders): Promise<Table | undefined> {
    const known = tables.get(name);
    if (known !== undefined) return known;
    const { status, body } = await engine.send('DescribeTable', { TableName: name }, headers);
    if (status !== 200) return undefined;
    return learn(name, body['Table'] as CreateTableCommandInput); // it describes what it was created from
  }
  function learn(name: string, input: CreateTableCommandInput): Table {
    const keys = (input.KeySchema ?? []).flatMap(({ AttributeName }) => AttributeName ?? []);
    const table = { keys, indexes: indexesOf(input), time_to_live: null, point_in_time: false };
    tables.set(name, table);
    return table;
  }

  async function write(action: string, body: Body, table: Table, headers: IncomingHttpHeaders): Promise<TableAnswer> {
    const TableName = body.TableName ?? '';
    const key = body.Key ?? keyOf(body.Item ?? {}, table);
    const place = `${TableName} ${JSON.stringify(key)}`;
    const look = async (): Promise<Item | undefined> =>
      (await engine.send('GetItem', { TableName, Key: key, ConsistentRead: true }, headers)).body.Item;
    return locked(place, async () => {
      const before = await look();
      const { status, body: answered } = await engine.send(action, body, headers);
      if (String(answered['__type']).endsWith('#ConditionalCheckFailedException')) {
        const shown = body.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' && before !== undefined;
        return {
          status,
          body: shown ? { ...answered, Item: before } : answered,
          units: unitsOfWrite(before, before, []),
        };
      }
      if (status !== 200) return { status, body: answered, units: noUnits };
      const after = await look();
      images.set(place, { key, before });
      return { status, body: answered, units: unitsOfWrite(before, after, table.indexes) };
    });
  }

  async function read(
    action: string,
    body: Body,
    table: Table,
    headers: IncomingHttpHeaders,
    stale: IsStale,
  ): Promise<TableAnswer> {
    const { status, body: answered } = await engine.send(action, body, headers);
    if (status !== 200) return { status, body: answered, units: noUnits };
    const consistent = body.ConsistentRead === true;
    const looked = await lookedAt(action, body, answered, table, headers);
    const units = unitsOfRead(looked, consistent);
    if (consistent || body.IndexName !== undefined) return { status, body: answered, units };
    return { status, body: asBefore(action, body, answered, table, stale), units };
  }
  /** Bytes that a read went through, also those that its filter hid. */
  async function lookedAt(
    action: string,
    body: Body,
    answered: Body,
    table: Table,
    headers: IncomingHttpHeaders,
  ): Promise<number> {
    const sizes = (items: Item[]): number => items.reduce((sum, item) => sum + itemSize(item), 0);
    if (action === 'GetItem') return answered.Item === undefined ? 0 : itemSize(answered.Item);
    const index = table.indexes.find(({ name }) => name === body.IndexName);
    if (body['FilterExpression'] === undefined && body['Select'] === undefined && index === undefined)
      return sizes(answered.Items ?? []);
    const whole = await engine.send('Query', unfiltered(body), headers);
    const items = whole.body.Items ?? [];
    return sizes(index === undefined ? items : items.map((item) => entryOf(item, index) ?? {}));
  }
  /** The answer with every item of the asked partition as it was before its last write. */
  function asBefore(action: string, body: Body, answered: Body, table: Table, stale: IsStale): Body {
    const within = `${body.TableName} `;
    const mine = [...images].filter(([place]) => place.startsWith(within)).map(([, image]) => image);
    const of = (key: Item): Image | undefined => (stale(key) ? mine.find((image) => same(image.key, key)) : undefined);
    if (action === 'GetItem') {
      const image = of(body.Key ?? {});
      const { Item: _now, ...rest } = answered;
      return image === undefined
        ? answered
        : { ...rest, ...(image.before === undefined ? {} : { Item: image.before }) };
    }
    const items = (answered.Items ?? []).flatMap((item) => {
      const image = of(keyOf(item, table));
      return image === undefined ? [item] : (image.before ?? []);
    });
    return { ...answered, Items: items, Count: items.length };
  }

  function describeTimeToLive({ time_to_live }: Table): Body {
    const TimeToLiveStatus = time_to_live?.Enabled === true ? 'ENABLED' : 'DISABLED';
    const name = time_to_live?.Enabled === true ? { AttributeName: time_to_live.AttributeName } : {};
    return { TimeToLiveDescription: { TimeToLiveStatus, ...name } };
  }
  const describeBackups = ({ point_in_time }: Table): Body => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: point_in_time ? 'ENABLED' : 'DISABLED' },
    },
  });
  /** Settings that the front keeps itself. */
  function settings(action: string, body: Body, table: Table): TableAnswer | undefined {
    switch (action) {
      case 'UpdateTimeToLive':
        table.time_to_live = body['TimeToLiveSpecification'] as Table['time_to_live']; // the SDK's own shape
        return free({ TimeToLiveSpecification: table.time_to_live });
      case 'DescribeTimeToLive':
        return free(describeTimeToLive(table));
      case 'UpdateContinuousBackups': {
        const wanted = body['PointInTimeRecoverySpecification'] as { PointInTimeRecoveryEnabled?: boolean }; // the SDK's own shape
        table.point_in_time = wanted.PointInTimeRecoveryEnabled === true;
        return free(describeBackups(table));
      }
      case 'DescribeContinuousBackups':
        return free({ ...describeBackups(table), TableArn: arnOf(body.TableName ?? '') });
      default:
        return undefined;
    }
  }

  return {
    run: async (action, body, headers, stale = () => false) => {
      const table = body.TableName === undefined ? undefined : await tableOf(body.TableName, headers);
      if (table !== undefined) {
        const kept = settings(action, body, table);
        if (kept !== undefined) return kept;
        if (writes.has(action)) return write(action, body, table, headers);
        if (reads.has(action)) return read(action, body, table, headers, stale);
      }
      const answered = await engine.send(action, body, headers);
      if (action === 'DeleteTable' && answered.status === 200) tables.delete(body.TableName ?? '');
      return { ...answered, units: noUnits };
    },
  };
}

const same = (left: Item, right: Item): boolean =>
  Object.keys(left).every((name) => JSON.stringify(left[name]) === JSON.stringify(right[name]));

const keyOf = (item: Item, { keys }: Table): Item =>
  Object.fromEntries(keys.flatMap((name) => (item[name] === undefined ? [] : [[name, item[name]]])));

/** The same query without what hides items; dynalite refuses names and values that nothing uses any more. */
function unfiltered(body: Body): Body {
  const { FilterExpression: _filter, ProjectionExpression: _projection, Select: _select, ...rest } = body;
  const used = ([name]: [string, unknown]): boolean =>
    new RegExp(`${name}(?![A-Za-z0-9_])`).test(body.KeyConditionExpression ?? '');
  const kept = (field: unknown): Record<string, unknown> | undefined => {
    const entries = Object.entries((field ?? {}) as Record<string, unknown>).filter(used); // maps of placeholders
    return entries.length === 0 ? undefined : Object.fromEntries(entries);
  };
  const { ExpressionAttributeNames: _names, ExpressionAttributeValues: _values, ...asked } = rest;
  const names = kept(body['ExpressionAttributeNames']);
  return {
    ...asked,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ExpressionAttributeValues: kept(body.ExpressionAttributeValues) as Item, // a part of what was one
  };
}
