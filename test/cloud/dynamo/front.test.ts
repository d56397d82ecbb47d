import {
  ConditionalCheckFailedException,
  DescribeContinuousBackupsCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ThrottlingException,
  UpdateContinuousBackupsCommand,
  UpdateItemCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { type DynamoFront, type DynamoFrontOptions, startDynamoFront } from '../dynamo-front.ts';
import { itemSize } from './billing.ts';
import { tableInput } from './dynamo-world.ts';

let front: DynamoFront;
let client: DynamoDBClient;
const hooks: DynamoFrontOptions = {};
const TableName = 'jobs';
const Key = { pk: { S: 'a' }, sk: { S: 'HOT' } };
const put = (rest: object = {}) => client.send(new PutItemCommand({ TableName, Item: { ...Key, ...rest } }));
const connect = ({ endpoint }: DynamoFront): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'eu-west-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'poll' },
  });

beforeEach(async () => {
  for (const name of Object.keys(hooks)) delete hooks[name as keyof DynamoFrontOptions];
  front = await startDynamoFront({
    fault: (call, number) => hooks.fault?.(call, number),
    authorize: (call) => hooks.authorize?.(call) ?? null,
    stale: (call) => hooks.stale?.(call) ?? false,
  });
  client = connect(front);
  await front.createTable(tableInput(TableName), 'expires_at');
});
afterEach(async () => {
  client.destroy();
  await front.close();
});

describe('what dynalite leaves out', () => {
  const refused = (how: 'ALL_OLD' | 'NONE') =>
    client
      .send(
        new UpdateItemCommand({
          TableName,
          Key,
          UpdateExpression: 'SET n = :one',
          ConditionExpression: 'n = :one',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValuesOnConditionCheckFailure: how,
        }),
      )
      .catch((error: unknown) => error);

  it('shows the item that failed a condition, when asked to and when there is one', async () => {
    expect(await refused('ALL_OLD')).toMatchObject({ name: 'ConditionalCheckFailedException' });
    await put({ n: { N: '7' } });
    const error = await refused('ALL_OLD');
    expect(error).toBeInstanceOf(ConditionalCheckFailedException);
    expect(error).toMatchObject({ Item: { ...Key, n: { N: '7' } } });
    expect(await refused('NONE')).toMatchObject({ name: 'ConditionalCheckFailedException', Item: undefined });
  });
  it('shows the item as the condition saw it, however many write at once', async () => {
    await put({ n: { N: '0' } });
    const raise = (from: number) =>
      client
        .send(
          new UpdateItemCommand({
            TableName,
            Key,
            UpdateExpression: 'SET n = :next',
            ConditionExpression: 'n = :from',
            ExpressionAttributeValues: { ':from': { N: String(from) }, ':next': { N: String(from + 1) } },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        )
        .then(() => null)
        .catch((error: ConditionalCheckFailedException) => error.Item?.['n']?.N);
    const seen = await Promise.all(Array.from({ length: 20 }, () => raise(0)));
    expect(seen.filter((one) => one === null)).toHaveLength(1);
    expect(new Set(seen)).toEqual(new Set([null, '1']));
  });
  it('keeps the attribute of time to live', async () => {
    const ask = async () => (await client.send(new DescribeTimeToLiveCommand({ TableName }))).TimeToLiveDescription;
    expect(await ask()).toEqual({ TimeToLiveStatus: 'ENABLED', AttributeName: 'expires_at' });
    const TimeToLiveSpecification = { AttributeName: 'expires_at', Enabled: false };
    await client.send(new UpdateTimeToLiveCommand({ TableName, TimeToLiveSpecification }));
    expect(await ask()).toEqual({ TimeToLiveStatus: 'DISABLED' });
  });
  it('keeps whether there are continuous backups', async () => {
    const ask = async () =>
      (await client.send(new DescribeContinuousBackupsCommand({ TableName }))).ContinuousBackupsDescription
        ?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus;
    expect(await ask()).toBe('DISABLED');
    const PointInTimeRecoverySpecification = { PointInTimeRecoveryEnabled: true };
    await client.send(new UpdateContinuousBackupsCommand({ TableName, PointInTimeRecoverySpecification }));
    expect(await ask()).toBe('ENABLED');
  });
  it('keeps tables on disk when it is told where', async () => {
    const directory = temporaryDirectory();
    try {
      for (const found of [undefined, { S: 'HOT' }]) {
        const kept = await startDynamoFront({ data_directory: directory.path });
        const own = connect(kept);
        if (found === undefined) await kept.createTable(tableInput(TableName));
        expect((await own.send(new GetItemCommand({ TableName, Key }))).Item?.['sk']).toEqual(found);
        await own.send(new PutItemCommand({ TableName, Item: Key }));
        own.destroy();
        await kept.close();
      }
    } finally {
      directory.remove();
    }
  });
});

describe('what goes wrong on purpose', () => {
  it('throttles, fails and cuts the n-th call of an action, before or after its effect', async () => {
    const faults = ['throttle', 'fail', 'cut', 'fail_after', 'cut_after'] as const;
    hooks.fault = ({ action }, number) => (action === 'dynamodb:PutItem' ? faults[number - 1] : undefined);
    const there = async () => (await client.send(new GetItemCommand({ TableName, Key }))).Item !== undefined;
    await expect(put()).rejects.toBeInstanceOf(ThrottlingException);
    await expect(put()).rejects.toMatchObject({ name: 'InternalServerError', $metadata: { httpStatusCode: 500 } });
    await expect(put()).rejects.toThrow();
    expect(await there()).toBe(false);
    await expect(put()).rejects.toMatchObject({ name: 'InternalServerError' });
    expect(await there()).toBe(true);
    await expect(put({ n: { N: '2' } })).rejects.toThrow();
    expect((await client.send(new GetItemCommand({ TableName, Key }))).Item?.['n']).toEqual({ N: '2' });
    await put();
  });
  it('refuses what the caller may not do, by its session token and the resource', async () => {
    hooks.authorize = ({ session_token, action, resource }) =>
      session_token === 'poll' && action === 'dynamodb:Query' && resource.endsWith('table/jobs/index/active-jobs')
        ? 'not allowed'
        : null;
    await put();
    const query = (IndexName?: string) =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: `${IndexName === undefined ? 'pk' : 'active_shard'} = :a`,
          ExpressionAttributeValues: { ':a': { S: 'a' } },
          ...(IndexName === undefined ? {} : { IndexName }),
        }),
      );
    expect((await query()).Count).toBe(1);
    await expect(query('active-jobs')).rejects.toMatchObject({ name: 'AccessDeniedException' });
    expect(front.calls.at(-1)).toMatchObject({ action: 'dynamodb:Query', error: 'AccessDeniedException' });
  });
  it('shows an item as it was before its last write, to reads that are not consistent', async () => {
    await put({ n: { N: '1' } });
    await put({ n: { N: '2' } });
    hooks.stale = () => true;
    const read = async (ConsistentRead: boolean) =>
      (await client.send(new GetItemCommand({ TableName, Key, ConsistentRead }))).Item?.['n']?.N;
    expect([await read(false), await read(true)]).toEqual(['1', '2']);
  });
});

describe('what is billed', () => {
  const last = () => {
    const { wru = 0, rru = 0 } = front.billed.at(-1) ?? {};
    return { wru, rru };
  };
  const text = (length: number) => ({ text: { S: 'x'.repeat(length) } });

  it('measures items as DynamoDB does: names, UTF-8, two digits a byte', () => {
    expect(itemSize({ a: { S: 'é' }, bc: { N: '1234' }, d: { BOOL: true }, e: { NULL: true } })).toBe(3 + 5 + 2 + 2);
    expect(itemSize({ m: { M: { k: { S: 'v' } } }, l: { L: [{ N: '1' }] } })).toBe(1 + 3 + 1 + 2 + 1 + 3 + 1 + 2);
  });
  it('charges a write by the larger of before and after, in whole kilobytes', async () => {
    await put(text(900));
    expect(last()).toEqual({ wru: 1, rru: 0 });
    await put(text(2500));
    expect(last()).toEqual({ wru: 3, rru: 0 });
    await put();
    expect(last()).toEqual({ wru: 3, rru: 0 });
  });
  it('charges a failed condition by the item there is', async () => {
    await put(text(1500));
    const again = new PutItemCommand({ TableName, Item: Key, ConditionExpression: 'attribute_not_exists(pk)' });
    await expect(client.send(again)).rejects.toThrow();
    expect(last()).toEqual({ wru: 2, rru: 0 });
  });
  it('charges an index for entries that come, change and go, twice for one that moves', async () => {
    const owned = { owner_shard: { S: 'o' }, created: { S: '1' } };
    await put(owned);
    expect(last().wru).toBe(2);
    await put({ ...owned, other: { S: 'not projected' } });
    expect(last().wru).toBe(1);
    await put({ ...owned, status: { S: 'running' } });
    expect(last().wru).toBe(2);
    await put({ ...owned, created: { S: '2' }, status: { S: 'running' } });
    expect(last().wru).toBe(3);
    await put();
    expect(last().wru).toBe(2);
  });
  it('charges a read by what it goes through, half when it may trail', async () => {
    for (const sk of ['1', '2', '3'])
      await client.send(new PutItemCommand({ TableName, Item: { ...Key, sk: { S: sk }, ...text(3000) } }));
    const query = (rest: object) =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression: 'pk = :a',
          ExpressionAttributeValues: { ':a': { S: 'a' } },
          ...rest,
        }),
      );
    await query({});
    expect(last()).toEqual({ wru: 0, rru: 1.5 });
    await query({ ConsistentRead: true });
    expect(last().rru).toBe(3);
    const nothing = {
      FilterExpression: 'sk_none = :b',
      ExpressionAttributeValues: { ':a': { S: 'a' }, ':b': { S: 'b' } },
    };
    await query(nothing);
    expect(last().rru).toBe(1.5);
    await client.send(new GetItemCommand({ TableName, Key: { ...Key, sk: { S: 'none' } } }));
    expect(last().rru).toBe(0.5);
  });
});
