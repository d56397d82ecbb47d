import { env } from '../env.ts';
import type { TokenNews } from '../transports/oauth/refresh-tokens.ts';
import { composeStart } from './compose-start.ts';
import { type Environment, needed } from './environment.ts';

/** The function behind `/mcp`: a tool may start a job, and what starting touches is all that any tool touches. */
export function composeMcp(tell: (news: TokenNews) => void, environment: Environment = process.env) {
  const { doctor: _, ...start } = composeStart(tell, environment);
  return { ...start, long_poll_seconds: Number(needed(environment, env.longPollSeconds)) };
}
