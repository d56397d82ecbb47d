import type { Around } from './witness.ts';

/** The process is gone: `kill -9`, a lost machine, a function that ran out of time. */
export class Killed extends Error {
  override name = 'Killed';
}

/** Before its effect: the call never left us. After: it did its work, and nobody heard. */
export type Side = 'before' | 'after';
export type Kill = { around: Around; at: () => string | null };

/** Ends the process at the n-th port call of the whole story, counted from 1; other invocations live on. */
export const killAt = (nth: number, side: Side): Kill => killWhen((_name, number) => number === nth, side);

/** Ends the process at the `nth` call of one port: `killOn('jobs.create', 'after')`. */
export function killOn(name: string, side: Side, nth = 1): Kill {
  let seen = 0;
  return killWhen((called) => called === name && ++seen === nth, side);
}

function killWhen(when: (name: string, number: number) => boolean, side: Side): Kill {
  let number = 0;
  let at: string | null = null;
  return {
    at: () => at,
    around: async ({ name, invocation, go }) => {
      if (invocation?.dead === true) throw new Killed(`dead before ${name}`);
      number += 1;
      if (at !== null || !when(name, number)) return go();
      at = `${side} ${name} (call ${number})`;
      if (side === 'after') await go();
      if (invocation !== undefined) invocation.dead = true;
      throw new Killed(at);
    },
  };
}
