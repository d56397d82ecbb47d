import * as z from 'zod';
import { ConfigError } from '../../core/errors.ts';
import { contractFields } from '../descriptor-schema.ts';

/** Throws ConfigError unless the schema is there and promises every field that a polling loop cannot do without. */
export function checkDescriptor(schema: z.ZodType | undefined, path: readonly string[]): void {
  const remedy = 'give it jobDescriptor, or what jobDescriptor.extend({ … }) makes';
  // Authors who write plain JavaScript, or have a zod of their own.
  if (typeof schema?.safeParse !== 'function')
    throw new ConfigError(`asyncCommand "${path.join(' ')}" has no descriptor schema; ${remedy}`);
  const { required = [] } = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
  const missing = contractFields.filter((field) => !required.includes(field));
  if (missing.length > 0)
    throw new ConfigError(
      `the descriptor schema of asyncCommand "${path.join(' ')}" does not promise ${missing.join(', ')}; ${remedy}`,
    );
}
