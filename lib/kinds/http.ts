import type { Kind } from '../core/kind.ts';

/** Any HTTP job whose request says how to start, look at and cancel it, and which answers are terminal. */
export const http: Kind = {
  name: 'http',
  description: 'Any HTTP job: the request carries its calls and acceptors.',
  transport: 'http',
  carries_calls: true,
};
