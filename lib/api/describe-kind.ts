import { handleNames } from '../core/handle.ts';
import type { Call, Kind } from '../core/kind.ts';
import { neededBy, placeholdersOf } from '../core/template.ts';
import type { KindSummary } from './answer-schemas.ts';

const carriedInput = ['start', 'handle', 'status', 'progress', 'cancel'];
const carriedHandle = ['status', 'progress', 'cancel'];

/** Names that calls ask for; one that may be left out ends in `?`. */
function namesIn(calls: readonly (Call | undefined)[], further: readonly string[] = []): string[] {
  const given = calls.flatMap((call) => call ?? []);
  const needed = new Set(given.flatMap(neededBy));
  const asked = new Set([...needed, ...given.flatMap(placeholdersOf), ...further]);
  return [...asked].map((name) => (needed.has(name) ? name : `${name}?`));
}

/** What a caller must know of a kind to hand a job over. */
export function describeKind(kind: Kind): KindSummary {
  const carries_calls = kind.carries_calls === true;
  const handle = namesIn([kind.status, kind.progress, kind.cancel], handleNames(kind.handle ?? {}));
  return {
    name: kind.name,
    description: kind.description ?? null,
    transport: kind.transport,
    starts: carries_calls || kind.start !== undefined,
    cancels: kind.cancel !== undefined,
    carries_calls,
    needs_acceptors: kind.acceptors === undefined,
    input: carries_calls ? carriedInput : namesIn([kind.start]),
    handle: carries_calls ? carriedHandle : handle,
    expected_seconds: kind.expected_seconds ?? null,
    timeout_seconds: kind.timeout_seconds ?? null,
  };
}
