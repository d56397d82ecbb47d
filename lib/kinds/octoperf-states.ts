import type { Acceptor } from '../core/kind.ts';

const isOneOf = (state: Acceptor['state'], path: string, words: readonly string[]): Acceptor => ({
  state,
  matcher: {
    path: `contains([${words.map((word) => `'${word}'`).join(', ')}], ${path})`,
    expected: true,
    comparator: 'booleanEquals',
  },
});

/** The states of a bench result, in their order; any other word runs on with a warning. */
export const benchResultStates: Acceptor[] = [
  isOneOf('success', 'state', ['FINISHED']),
  isOneOf('failure', 'state', ['ABORTED', 'ERROR']),
  isOneOf('retry', 'state', ['CREATED', 'PENDING', 'SCHEDULED', 'SCALING', 'PREPARING', 'INITIALIZING', 'RUNNING']),
];

/** The states of a task. */
export const taskStates: Acceptor[] = [
  isOneOf('success', 'status', ['SUCCESS']),
  {
    ...isOneOf('success', 'status', ['PARTIAL']),
    warning:
      'the task ended as PARTIAL: some of it was done and some was not; read message and observed.value, and name what is missing',
  },
  isOneOf('failure', 'status', ['FAILED']),
  isOneOf('retry', 'status', ['PENDING']),
];
