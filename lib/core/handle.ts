import type { Tree } from './jmespath.ts';
import type { Handle } from './job.ts';
import type { HandleSource } from './kind.ts';

/** More ids than this are not watched as one job: each is a call a check. */
export const maxIds = 50;
/** Characters of one id in a list. */
export const maxListedIdLength = 128;

type NamedSource = { name: string; optional: boolean; source: HandleSource };

/** The names of a handle and where they come from; `name?` may be missing. */
export const namedSources = (sources: Record<string, HandleSource>): NamedSource[] =>
  Object.entries(sources).map(([key, source]) => ({
    name: key.replace(/\?$/, ''),
    optional: key.endsWith('?'),
    source,
  }));

export const handleNames = (sources: Record<string, HandleSource>): string[] =>
  namedSources(sources).map(({ name }) => name);

/** Ids are texts or numbers. */
export type Id = string | number;

/** Whether a value can be one of a list of ids. */
export const isListedId = (value: Tree): value is Id =>
  typeof value === 'number' || (typeof value === 'string' && value !== '' && value.length <= maxListedIdLength);

/** The ids at `each`, every one once. None when the handle has no list there. */
export function idsIn(handle: Handle, each: string): Id[] {
  const value = handle[each];
  return Array.isArray(value) ? [...new Set(value.filter(isListedId))] : [];
}

/** The handle as the calls for one id of its list see it: the name stands for that id. */
export const handleOf = (handle: Handle, each: string, id: Id): Handle => ({ ...handle, [each]: id });
