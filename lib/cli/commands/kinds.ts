import { z } from 'zod';
import { callApi } from '../client.ts';
import { type Command, defineCommand } from '../command.ts';
import { codesOfRead } from '../exit-codes.ts';
import { success } from '../outcome.ts';
import { tableOf } from '../plain-text.ts';

const kind = z.looseObject({ name: z.string() });
const kindsSchema = z.union([
  z.array(kind),
  z.looseObject({ kinds: z.array(kind) }),
  z.looseObject({ items: z.array(kind) }),
]);

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
  render: (data) => {
    const read = kindsSchema.parse(data);
    const list = Array.isArray(read) ? read : z.array(kind).parse(read['kinds'] ?? read['items']);
    return tableOf(
      ['KIND', 'TRANSPORT', 'WHAT'],
      list.map((one) => [one.name, one['transport'], one['description']]),
    );
  },
});
