import { randomBytes } from 'node:crypto';
import { holds } from './dynamo-conditions.ts';
import type { Hot, Parts, Ref } from './dynamo-items.ts';
import { hotKey } from './dynamo-layout.ts';
import type { Row, Table } from './dynamo-table.ts';
import { pack, unpack } from './pack.ts';

/** A place in a job's partition that holds a part nobody refers to any more. */
type Slot = { sk: string; ref: string };

/** What is known of a job's partition since it was last read or written. */
export type Known = { hot: Hot; parts: Map<string, unknown>; spare: Slot[] };

/** One job's items: HOT, and the parts that it refers to. */
export type Partitions = {
  /** Undefined when there is no HOT item. */
  read(job_id: string, consistent: boolean): Promise<{ hot: Hot; parts: Parts } | undefined>;
  known(job_id: string): Known | undefined;
  /** Takes over what a write has shown, or made: later claims need no read. */
  remember(job_id: string, hot: Hot, parts?: Iterable<[string, unknown]>): Known;
  /** Writes a part under a new name, before anything refers to it; a small one is not written, but is its own reference. */
  addPart(job_id: string, kind: PartKind, content: unknown, expires_at: number): Promise<Ref>;
};
export type PartKind = 'SPEC' | 'HANDLE' | 'SEEN';

/** Bytes that HOT takes in itself, packed. With both, HOT stays below 1 KB, which is what a claim is charged by. */
const mostInside: Record<PartKind, number> = { SPEC: 0, HANDLE: 112, SEEN: 80 };

/** Jobs whose parts are kept in memory; a function works on ten at once. */
const mostKnown = 256;
/** Longer than any function of ours lives: whoever wrote a part has committed it by then, or never will. */
const writerLifeMs = 90_000;

/** A name that no other write has, 12 characters. */
export const newName = (): string => randomBytes(9).toString('base64url');

/**
 * A part is immutable under its name, so that whoever loses a race changes nothing that readers see, and what was read once
 * need not be read again. What was seen is replaced often: the place of a replaced one is written over, under a new name,
 * once nobody can be about to refer to it. A partition therefore stays small, and nothing is ever deleted.
 */
export function createPartitions(table: Table, now: () => number): Partitions {
  const jobs = new Map<string, Known>();

  function keep(job_id: string, known: Known): Known {
    jobs.delete(job_id);
    jobs.set(job_id, known);
    const [oldest] = jobs.keys();
    if (jobs.size > mostKnown && oldest !== undefined) jobs.delete(oldest);
    return known;
  }
  function spareOf(rows: Row[], hot: Hot): Slot[] {
    const settled = now() - writerLifeMs;
    return rows
      .filter(({ sk, ref, at_ms }) => String(sk).startsWith('SEEN#') && ref !== hot.seen_ref && Number(at_ms) < settled)
      .map(({ sk, ref }) => ({ sk: String(sk), ref: String(ref) }));
  }

  return {
    known: (job_id) => jobs.get(job_id),
    remember: (job_id, hot, parts = []) => {
      const before = jobs.get(job_id);
      const spare = (before?.spare ?? []).filter(({ ref }) => ref !== hot.seen_ref);
      return keep(job_id, { hot, parts: new Map([...(before?.parts ?? []), ...parts]), spare });
    },
    read: async (job_id, consistent) => {
      const { pk, sk } = hotKey(job_id);
      const rows = await table.all({ where: { text: 'pk = :pk', values: { ':pk': pk } }, consistent });
      const hot = rows.find((row) => row['sk'] === sk) as Hot | undefined; // written by hotOf and by the store's changes
      if (hot === undefined) return undefined;
      const before = jobs.get(job_id)?.parts;
      const parts = new Map<string, unknown>();
      for (const row of rows) {
        const ref = String(row['ref']);
        if (row !== hot && (ref === hot.spec_ref || ref === hot.handle_ref || ref === hot.seen_ref))
          // Written by `addPart`.
          parts.set(ref, before?.get(ref) ?? unpack(row['content'] as Uint8Array));
      }
      keep(job_id, { hot, parts, spare: spareOf(rows, hot) });
      return { hot, parts };
    },
    addPart: async (job_id, kind, content, expires_at) => {
      const packed = pack(content);
      if (packed.length <= mostInside[kind]) return packed;
      const ref = newName();
      const { pk } = hotKey(job_id);
      const row = { pk, ref, content: packed, at_ms: now(), expires_at };
      const slot = kind === 'SEEN' ? jobs.get(job_id)?.spare.shift() : undefined;
      if (slot !== undefined && (await table.putIf({ ...row, sk: slot.sk }, holds(slot.ref))).done) return ref;
      await table.put({ ...row, sk: `${kind}#${ref}` });
      return ref;
    },
  };
}
