import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import {
  type DynamoDBDocumentClient,
  PutCommand,
  QueryCommand,
  type QueryCommandInput,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { translated } from './dynamo-errors.ts';

export type Row = Record<string, unknown>;
type Key = { pk: string; sk: string };

/** A condition, in DynamoDB's words (`#name` stands for the attribute `name`), and the values that it names. */
export type Condition = { text: string; values: Record<string, unknown> };
/** Fields may be paths into a map, `owed.evt_1`. */
export type Update = {
  set?: Record<string, unknown>;
  /** To the ends of lists that are there. */
  append?: Record<string, unknown[]>;
  remove?: readonly string[];
  condition?: Condition;
};
/** What a conditional write came to: the row as it is then, or as it was when the condition failed (undefined: there is none). */
export type Outcome = { done: true; row: Row } | { done: false; row: Row | undefined };
export type Selection = Pick<QueryCommandInput, 'IndexName' | 'Limit' | 'ScanIndexForward' | 'Select'> & {
  where: Condition;
  filter?: Condition | undefined;
  consistent?: boolean;
};
export type Page = { rows: Row[]; count: number; last: Row | undefined };

/** The calls that the adapters are made of: queries and single-item writes, nothing else. */
export type Table = {
  put(row: Row & Key): Promise<void>;
  putIf(row: Row & Key, condition: Condition): Promise<Outcome>;
  /** The row afterwards. */
  update(key: Key, update: Update, how?: { signal?: AbortSignal }): Promise<Outcome>;
  /** Page by page; DynamoDB ends a page at 1 MB. */
  query(selection: Selection): AsyncGenerator<Page>;
  /** The rows of all pages. */
  all(selection: Selection): Promise<Row[]>;
};

export function openTable(documents: DynamoDBDocumentClient, table: string): Table {
  async function conditional(send: () => Promise<Row>): Promise<Outcome> {
    try {
      return { done: true, row: await translated(send) };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return { done: false, row: error.Item === undefined ? undefined : unmarshall(error.Item) };
    }
  }
  async function* query({ where, filter, consistent = false, ...rest }: Selection): AsyncGenerator<Page> {
    let from: Row | undefined;
    do {
      const input: QueryCommandInput = {
        ...rest,
        TableName: table,
        KeyConditionExpression: where.text,
        ...(filter === undefined ? {} : { FilterExpression: filter.text }),
        ...named([where.text, filter?.text ?? '']),
        ExpressionAttributeValues: { ...where.values, ...filter?.values },
        ConsistentRead: consistent,
        ExclusiveStartKey: from,
      };
      const {
        Items = [],
        Count = 0,
        LastEvaluatedKey,
      } = await translated(() => documents.send(new QueryCommand(input)));
      from = LastEvaluatedKey;
      yield { rows: Items, count: Count, last: from };
    } while (from !== undefined);
  }
  return {
    put: async (row) => {
      await translated(() => documents.send(new PutCommand({ TableName: table, Item: row })));
    },
    putIf: (row, { text, values }) =>
      conditional(async () => {
        await documents.send(
          new PutCommand({
            TableName: table,
            Item: row,
            ConditionExpression: text,
            ...named([text]),
            ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          }),
        );
        return row;
      }),
    update: (key, update, { signal } = {}) =>
      conditional(async () => {
        const command = new UpdateCommand({
          TableName: table,
          Key: key,
          ...expressed(update),
          ReturnValues: 'ALL_NEW',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        });
        const { Attributes = {} } = await documents.send(command, signal === undefined ? {} : { abortSignal: signal });
        return Attributes;
      }),
    query,
    all: async (selection) => {
      const rows: Row[] = [];
      for await (const page of query(selection)) rows.push(...page.rows);
      return rows;
    },
  };
}

/** Every `#name` of these expressions: many plain words are reserved. */
function named(texts: string[]): { ExpressionAttributeNames?: Record<string, string> } {
  const names = texts.flatMap((text) => text.match(/#\w+/g) ?? []);
  if (names.length === 0) return {};
  return { ExpressionAttributeNames: Object.fromEntries(names.map((name) => [name, name.slice(1)])) };
}

const pathOf = (field: string): string => `#${field.replaceAll('.', '.#')}`;
const clause = (word: string, parts: string[]): string[] => (parts.length === 0 ? [] : [`${word} ${parts.join(', ')}`]);

function expressed({ set = {}, append = {}, remove = [], condition }: Update) {
  const values: Record<string, unknown> = { ...condition?.values };
  const bound = (value: unknown): string => {
    const name = `:v${Object.keys(values).length}`;
    values[name] = value;
    return name;
  };
  const UpdateExpression = [
    ...clause('SET', [
      ...Object.entries(set).map(([field, value]) => `${pathOf(field)} = ${bound(value)}`),
      ...Object.entries(append).map(
        ([field, value]) => `${pathOf(field)} = list_append(${pathOf(field)}, ${bound(value)})`,
      ),
    ]),
    ...clause('REMOVE', remove.map(pathOf)),
  ].join(' ');
  return {
    UpdateExpression,
    ...(condition === undefined ? {} : { ConditionExpression: condition.text }),
    ...named([UpdateExpression, condition?.text ?? '']),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
  };
}
