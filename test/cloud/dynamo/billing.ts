import type { AttributeValue, CreateTableCommandInput } from '@aws-sdk/client-dynamodb';

export type Item = Record<string, AttributeValue>;

/** Billed units of one call: a write unit is 1 KB, a read unit 4 KB, half of it when eventually consistent. */
export type Units = { wru: number; rru: number };

/** An index as far as billing knows it: its keys, and what it projects (null: everything). */
export type BilledIndex = { name: string; keys: string[]; projects: string[] | null };

export const noUnits: Units = { wru: 0, rru: 0 };

/** The indexes of a table as CreateTable names them; every one also carries the table's own key. */
export function indexesOf({ KeySchema = [], GlobalSecondaryIndexes = [] }: CreateTableCommandInput): BilledIndex[] {
  const names = (schema: { AttributeName: string | undefined }[]): string[] =>
    schema.flatMap(({ AttributeName }) => AttributeName ?? []);
  return GlobalSecondaryIndexes.map((index) => {
    const keys = names(index.KeySchema ?? []);
    const all = index.Projection?.ProjectionType === 'ALL';
    const projects = [...names(KeySchema), ...keys, ...(index.Projection?.NonKeyAttributes ?? [])];
    return { name: index.IndexName ?? '', keys, projects: all ? null : projects };
  });
}

const bytes = (text: string): number => Buffer.byteLength(text);

/** About one byte for two significant digits, and one more. */
function numberSize(text: string): number {
  const digits = text.replace(/e.*$/i, '').replace(/[-.]/g, '').replace(/^0+/, '').replace(/0+$/, '');
  return Math.ceil(digits.length / 2) + 1 + Number(text.startsWith('-'));
}

function valueSize(value: AttributeValue): number {
  if (value.S !== undefined) return bytes(value.S);
  if (value.N !== undefined) return numberSize(value.N);
  if (value.B !== undefined) return value.B.length;
  if (value.L !== undefined) return 3 + value.L.reduce((sum, one) => sum + 1 + valueSize(one), 0);
  if (value.M !== undefined) return 3 + Object.keys(value.M).length + itemSize(value.M);
  if (value.SS !== undefined) return value.SS.reduce((sum, one) => sum + bytes(one), 0);
  return 1;
}

/** Bytes of an item as DynamoDB counts them: names and values. */
export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + bytes(name) + valueSize(value), 0);

const writeUnits = (size: number): number => Math.max(1, Math.ceil(size / 1024));

/** What an index holds of an item, or undefined when it has not all of the keys. */
export function entryOf(item: Item | undefined, { keys, projects }: BilledIndex): Item | undefined {
  if (item === undefined || keys.some((key) => item[key] === undefined)) return undefined;
  if (projects === null) return item;
  return Object.fromEntries(Object.entries(item).filter(([name]) => projects.includes(name)));
}

const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);
const sorted = (item: Item): [string, AttributeValue][] =>
  Object.entries(item).sort(([left], [right]) => (left < right ? -1 : 1));

function indexUnits(before: Item | undefined, after: Item | undefined, index: BilledIndex): number {
  const [old, fresh] = [entryOf(before, index), entryOf(after, index)];
  if (old === undefined && fresh === undefined) return 0;
  if (old === undefined || fresh === undefined) return writeUnits(itemSize(old ?? fresh ?? {}));
  if (same(sorted(old), sorted(fresh))) return 0;
  if (index.keys.every((key) => same(old[key], fresh[key])))
    return writeUnits(Math.max(itemSize(old), itemSize(fresh)));
  return writeUnits(itemSize(old)) + writeUnits(itemSize(fresh));
}

/** A write is charged by the larger of before and after, failed or not, and once more for each index that it changes. */
export function unitsOfWrite(before: Item | undefined, after: Item | undefined, indexes: BilledIndex[]): Units {
  const table = writeUnits(Math.max(itemSize(before ?? {}), itemSize(after ?? {})));
  return { wru: indexes.reduce((sum, index) => sum + indexUnits(before, after, index), table), rru: 0 };
}

/** A read is charged by all it looked at, at least one unit. */
export const unitsOfRead = (size: number, consistent: boolean): Units => ({
  wru: 0,
  rru: Math.max(1, Math.ceil(size / 4096)) * (consistent ? 1 : 0.5),
});
