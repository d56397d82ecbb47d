import { env } from '../env.ts';
import { composeStart } from './compose-start.ts';
import { type Environment, needed } from './environment.ts';

/** The function behind `/mcp`: a tool may start a job, and what starting touches is all that any tool touches. */
export function composeMcp(environment: Environment = process.env) {
  return { ...composeStart(environment), long_poll_seconds: Number(needed(environment, env.longPollSeconds)) };
}
