import {
  array,
  constantFrom,
  dictionary,
  jsonValue,
  oneof,
  record,
  string,
  webQueryParameters,
  webSegment,
} from 'fast-check';
import { allCommands } from '../../lib/cli/commands/all-commands.ts';
import { adoptBody, startBody } from '../support/world.ts';

/** An object that says `__proto__` as a key of its own, as JSON.parse makes it. */
const odd: unknown = JSON.parse('{"__proto__":{"polluted":1},"constructor":[],"toString":null}');
const value = oneof(
  jsonValue({ depthSize: 'medium' }),
  constantFrom<unknown>(
    odd,
    '{id}',
    '{',
    '',
    '__proto__',
    '../..',
    1e308,
    -0,
    2 ** 53,
    '\u0000',
    '\ud800',
    'a'.repeat(3000),
  ),
);

const bodies = [startBody(), adoptBody(), adoptBody({ handle: { status: { url: '/done' } } })];
const spots = bodies.flatMap((body) => Object.keys(body).map((key) => ({ body, key })));

/** Requests that are nearly right, and values that are nothing like one. */
export const requestBody = oneof(
  {
    weight: 3,
    arbitrary: record({ spot: constantFrom(...spots), value }).map(({ spot, value }) => ({
      ...spot.body,
      [spot.key]: value,
    })),
  },
  {
    weight: 2,
    arbitrary: record({ body: constantFrom(...bodies), extra: dictionary(string(), value, { maxKeys: 3 }) }).map(
      ({ body, extra }) => ({ ...body, ...extra }),
    ),
  },
  { weight: 1, arbitrary: value },
);

/** Ids: somebody else's, hostile ones, any. */
export const idOf = (foreign: string) =>
  oneof(
    { weight: 2, arbitrary: constantFrom(foreign) },
    { weight: 1, arbitrary: hostileId(foreign) },
    { weight: 1, arbitrary: webSegment() },
  );
const hostileId = (foreign: string) =>
  constantFrom(`job_${'0'.repeat(26)}`, '..', '%2e%2e', '%00', '%zz', "' OR 1=1 --", foreign.toUpperCase());

const names = constantFrom('wait_seconds', 'limit', 'cursor', 'status', 'kind', '__proto__', 'constructor');
const words = oneof(
  webSegment(),
  constantFrom('1', '0', '25', '-1', '100', 'running', '%', '%ff', "'", '999999999999999'),
);
/** Queries: ours with odd values, and any. */
export const query = oneof(
  constantFrom(''),
  webQueryParameters(),
  array(record({ name: names, value: words }), { maxLength: 4 }).map((all) =>
    all.map(({ name, value }) => `${name}=${value}`).join('&'),
  ),
);

/** Arguments of a tool: ours with odd values, odd names, any. */
export const argumentsFor = (foreign: string) =>
  oneof(
    record({ body: requestBody, key: oneof(constantFrom('k', '', 'ü'), string()) }).map(({ body, key }) =>
      typeof body === 'object' && body !== null && !Array.isArray(body) ? { ...body, idempotency_key: key } : {},
    ),
    dictionary(
      constantFrom('job_id', 'limit', 'cursor', 'remote', 'status', 'kind', '__proto__'),
      oneof(constantFrom<unknown>(foreign, '0', 1), value),
      { maxKeys: 3 },
    ),
  );

const flagNames = [...new Set(allCommands.flatMap(({ flags }) => Object.keys(flags)))].map(
  (name) => `--${name.replaceAll('_', '-')}`,
);
const flag = constantFrom(
  ...flagNames,
  '--no-remote',
  '--full',
  '--quiet',
  '--debug',
  '--timeout',
  '--schema',
  '--help',
  '-h',
  '--',
  '-',
  '--=',
  '---',
);
const json = requestBody.map((body) => JSON.stringify(body) ?? '');

/** Words of a command line: commands with any flags, values and operands, and calls that are nearly right. */
export const commandLine = (foreign: string) => {
  const anyhow = record({
    path: oneof(
      constantFrom(...allCommands.map(({ path }) => [...path])),
      array(string({ maxLength: 8 }), { maxLength: 2 }),
    ),
    rest: array(oneof(flag, words, json, constantFrom(foreign, 'json', 'http', 'ci', '{}', 'a=b', '@', '@/nowhere')), {
      maxLength: 7,
    }),
  }).map(({ path, rest }) => [...path, ...rest]);
  const id = idOf(foreign);
  const nearly = oneof(
    json.map((text) => ['job', 'start', '--request', text]),
    json.map((text) => ['job', 'adopt', '--kind', 'http', '--connection', 'ci', '--handle', text]),
    record({ id, verb: constantFrom('status', 'wait', 'cancel') }).map(({ id, verb }) => ['job', verb, id]),
    record({ cursor: words, limit: words, verb: constantFrom('list', 'events') }).map(({ cursor, limit, verb }) => [
      ...['job', verb, '--cursor', cursor],
      ...['--limit', limit],
    ]),
    constantFrom(['kinds'], ['doctor'], ['check-permissions'], ['job', 'events'], ['job', 'list', '--full']),
  );
  return oneof(anyhow, nearly).map((argv) => argv.filter((word) => !word.includes('\u0000')));
};
