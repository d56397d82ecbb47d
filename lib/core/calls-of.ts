import type { Call } from './call.ts';

/** The parts of a kind that hold calls. */
type WithCalls = { [Side in 'start' | 'status' | 'progress' | 'cancel']?: Call | undefined } & {
  estimate?: { call: Call; via?: { call: Call } | undefined } | undefined;
};

/** Every call of a kind, by where it stands (`estimate.via.call`). */
export const callsOf = ({ start, status, progress, cancel, estimate }: WithCalls): [string, Call][] =>
  Object.entries({
    start,
    status,
    progress,
    cancel,
    'estimate.call': estimate?.call,
    'estimate.via.call': estimate?.via?.call,
  }).flatMap(([path, call]): [string, Call][] => (call === undefined ? [] : [[path, call]]));
