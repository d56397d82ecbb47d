import * as z from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import { codesOfRead } from '../exit-codes.ts';
import { success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';

/** Every kind, as the API answers it. */
export const kindsSchema = z.looseObject({
  kinds: z.array(
    z.looseObject({ name: z.string(), transport: z.string().optional(), description: z.string().nullish() }),
  ),
});

const kindTable = (data: unknown) => ({
  headings: ['KIND', 'TRANSPORT', 'WHAT'],
  rows: kindsSchema.parse(data).kinds.map((kind) => [kind.name, kind.transport, kind.description]),
});

/** The same kinds with these facts only. */
const kindsWith = (data: unknown, names: readonly string[]) => ({
  kinds: kindsSchema
    .parse(data)
    .kinds.map((kind) => Object.fromEntries(names.filter((name) => name in kind).map((name) => [name, kind[name]]))),
});

/** What sorts of jobs the server knows. */
export const kinds: Command = defineCommand({
  path: ['kinds'],
  summary: 'List what sorts of jobs the server knows',
  danger_level: 'safe',
  flags: {},
  exit_codes: codesOfRead,
  output: kindsSchema,
  network: true,
  examples: ['kinds'],
  run: async (context) => {
    const answered = await callApi(context, { method: 'GET', path: '/v1/kinds', answer: kindsSchema });
    return answered.ok ? success(answered.value) : answered.outcome;
  },
  shorter: [
    {
      name: 'descriptions and durations',
      of: (data) => kindsWith(data, ['name', 'transport', 'starts', 'cancels', 'input', 'handle']),
    },
    { name: 'what kinds take', of: (data) => kindsWith(data, ['name']) },
  ],
  table: kindTable,
  render: (data) => tableOf(kindTable(data)),
});
