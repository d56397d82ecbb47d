import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** JSON, deflated: a write is charged by the kilobyte, and a job's kind or an event repeats its own words. */
export const pack = (content: unknown): Uint8Array => deflateRawSync(JSON.stringify(content));

/** What `pack` was given. Throws for anything else. */
export const unpack = (packed: Uint8Array): unknown => JSON.parse(inflateRawSync(packed).toString());
