import type { Transport } from '../ports.ts';
import { refusal } from './follow-call.ts';

/** Stands for a transport that this build does not speak: every call is refused, and so is every job that needs it. */
export const unspoken = (name: string): Transport<unknown> => ({
  call: async () => refusal('not_allowed', `this build does not speak ${name}`),
});
