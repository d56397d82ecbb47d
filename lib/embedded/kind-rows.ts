import type { DatabaseSync } from 'node:sqlite';
import type { ResolvedKind } from '../core/kind.ts';

/** The kinds of jobs, each kept once however many jobs have it. */
export type KindRows = {
  /** Its number, for a job's row; writes it unless it is there. Belongs into a transaction. */
  keep(kind: ResolvedKind): number;
  /** The kind of that number: the same object for all jobs that are read in one go. */
  reader(): (kind_number: number) => ResolvedKind;
};

export function createKindRows(sql: DatabaseSync): KindRows {
  // Each time: retention forgets a kind with its last job, which need not be the last that there will be.
  const insert = sql.prepare('INSERT INTO kinds (kind_number, text) VALUES (?, ?) ON CONFLICT DO NOTHING');
  const select = sql.prepare('SELECT text FROM kinds WHERE kind_number = ?');
  const known = new WeakMap<ResolvedKind, { kind_number: number; text: string }>();
  let last = Number(sql.prepare('SELECT max(kind_number) AS last FROM kinds').get()?.['last'] ?? 0);

  function rowOf(kind: ResolvedKind): { kind_number: number; text: string } {
    const row = known.get(kind);
    if (row !== undefined) return row;
    last += 1;
    const made = { kind_number: last, text: JSON.stringify(kind) };
    known.set(kind, made);
    return made;
  }
  return {
    keep: (kind) => {
      const { kind_number, text } = rowOf(kind);
      insert.run(kind_number, text);
      return kind_number;
    },
    reader: () => {
      const read = new Map<number, ResolvedKind>();
      return (kind_number) => {
        const seen = read.get(kind_number);
        if (seen !== undefined) return seen;
        const text = String(select.get(kind_number)?.['text']);
        const kind: ResolvedKind = JSON.parse(text);
        known.set(kind, { kind_number, text });
        read.set(kind_number, kind);
        return kind;
      };
    },
  };
}
