import { setTimeout as sleep } from 'node:timers/promises';
import { ConfigError } from '../core/errors.ts';
import type { Clock } from '../ports.ts';

/** The variables of a function. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The clock of every function. */
export const clock: Clock = { now: Date.now, sleep: (ms) => sleep(ms) };

/** A variable that the stack sets together with the grant. */
export function needed(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '')
    throw new ConfigError(`the variable ${name} is not set; deploy the stack again`);
  return value;
}
