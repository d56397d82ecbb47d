import type { JobDescriptor } from '../core/descriptor.ts';

/** A weak tag over what a waiting reader cares for: status, phase, reason, progress. Times and counters would change it at every check. */
export const entityTagOf = ({ status, phase, reason, progress_pct }: JobDescriptor): string =>
  `W/"${status}.${phase ?? '-'}.${reason ?? '-'}.${progress_pct ?? '-'}"`;

const opaque = (tag: string): string => tag.trim().replace(/^W\//, '');

/** Whether an `If-None-Match` header names this tag, compared weakly (RFC 9110 §13.1.2). */
export function noneMatches(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((one) => opaque(one) === opaque(tag));
}

/** The phase in a tag of ours that `If-None-Match` names first: what its sender was told last. Undefined where there is none. */
export const phaseToldBy = (header: string | undefined): string | undefined =>
  /"running\.([a-z]+)\./.exec(header ?? '')?.[1];
