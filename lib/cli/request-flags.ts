import * as z from 'zod';
import { spelled } from './command.ts';
import { type Flag, jsonObject, pairs, someText, switchFlag, wholeNumber } from './flags.ts';
import type { ArgumentProblem } from './outcome.ts';

const week = 604_800;

/** The options of `job start` and `job adopt`, which become the request. */
export const requestFlags = {
  kind: { schema: someText(64), value: 'KIND', description: 'What sort of job; "kinds" lists them' },
  connection: { schema: someText(64), value: 'NAME', description: 'The named credential to use' },
  name: { schema: someText(200), value: 'TEXT', description: 'What to call the job' },
  expected_seconds: {
    schema: wholeNumber(1, week),
    value: 'SECONDS',
    description: 'How long it usually takes: sets the pace of the checks',
  },
  timeout_seconds: { schema: wholeNumber(1, week), value: 'SECONDS', description: 'When to give up on it' },
  cancel_on_timeout: switchFlag('Cancel the remote job when its time is up'),
  first_check: { schema: z.enum(['now', 'later']), value: 'WHEN', description: 'now or later; for adopted jobs' },
  acceptors: {
    schema: z.array(z.unknown(), 'must be a JSON array'),
    value: 'JSON|@FILE|-',
    json: true,
    description: 'Rules that say which answers end the job',
  },
  paths: {
    schema: jsonObject,
    value: 'JSON|@FILE|-',
    json: true,
    description: 'Where message, progress, result and upstream_state are found',
  },
  label: { schema: pairs, value: 'K=V', many: true, description: 'A label; may be repeated' },
  target: { schema: z.array(someText(64)), value: 'NAME', many: true, description: 'Whom to tell; may be repeated' },
  request: {
    schema: jsonObject,
    value: 'JSON|@FILE|-',
    json: true,
    description: 'The whole request, in place of the options above',
  },
  idempotency_key: {
    schema: z
      .string()
      .regex(/^[\x21\x23-\x7e][\x21-\x7e]{0,254}$/, 'must be 1 to 255 visible ASCII characters, the first no quote'),
    value: 'KEY',
    description: 'The same key and request find the same job; a random one without it',
  },
} satisfies Record<string, Flag>;

/** Either the whole request, or the kind, the connection and what to start (`input`) or adopt (`handle`). */
export const rulesFor =
  (payload: string) =>
  (given: ReadonlySet<string>): ArgumentProblem[] => {
    if (!given.has('request'))
      return ['kind', 'connection', payload]
        .filter((name) => !given.has(name))
        .map((name) => ({ path: `--${name}`, message: 'is missing; give it, or the whole request with --request' }));
    return [payload, ...Object.keys(requestFlags)]
      .filter((name) => given.has(name) && name !== 'request' && name !== 'idempotency_key')
      .map((name) => ({
        path: `--${spelled(name)}`,
        message: 'cannot stand beside --request: put it into the request',
      }));
  };
