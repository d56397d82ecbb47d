import { expect } from 'vitest';
import * as z from 'zod';
import published from './response-envelope.schema.json' with { type: 'json' };

/** The published JSON Schema, read as it stands. */
const publishedSchema = z.fromJSONSchema(published as Parameters<typeof z.fromJSONSchema>[0]);

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * The envelope as the CLI Agent Spec publishes it (facts: five keys, closed; `ok` iff exit 0; `data` object, array or
 * null), said a second time on purpose: the schema in lib/cli must not be its own witness.
 */
export function expectPublishedEnvelope(envelope: unknown, exit_code: number): void {
  const judged = publishedSchema.safeParse(envelope);
  expect(judged.success ? [] : judged.error.issues).toEqual([]);
  if (!isObject(envelope)) throw new Error(`the envelope is no object: ${JSON.stringify(envelope)}`);
  expect(Object.keys(envelope).sort()).toEqual(['data', 'error', 'meta', 'ok', 'warnings']);
  const { ok, data, error, warnings, meta } = envelope;
  expect(ok).toBe(exit_code === 0);
  expect(data === null || typeof data === 'object').toBe(true);
  expect(Array.isArray(warnings) && warnings.every((warning) => typeof warning === 'string')).toBe(true);
  if (!isObject(meta)) throw new Error('meta is no object');
  expect(Number.isInteger(meta['duration_ms']) && Number(meta['duration_ms']) >= 0).toBe(true);
  expect(meta['exit_code']).toBe(exit_code);
  expect(meta['schema_version']).toMatch(/^\d+\.\d+$/);
  expect(meta['request_id']).toEqual(expect.any(String));
  expect(meta['tool_version']).toEqual(expect.any(String));
  expect(meta['command']).toEqual(expect.any(String));
  if (exit_code === 0) expect(error).toBeNull();
  else expectPublishedError(error);
}

function expectPublishedError(error: unknown): void {
  if (!isObject(error)) throw new Error('a failure needs an error');
  expect(error['code']).toMatch(/^[A-Z][A-Z0-9_]+$/);
  expect(error['message']).toEqual(expect.any(String));
  expect(error['message']).not.toBe('');
  expect(typeof error['retryable']).toBe('boolean');
  expect(['validation', 'execution', 'cleanup', undefined]).toContain(error['phase']);
  expect(['immediate', 'linear_backoff', 'exponential_backoff', undefined]).toContain(error['retry_strategy']);
  for (const key of ['detail', 'suggestion', 'fix_required', 'fix_command'])
    expect(['string', 'undefined']).toContain(typeof error[key]);
  if (error['retry_after_ms'] !== undefined) expect(Number.isInteger(error['retry_after_ms'])).toBe(true);
  expect(JSON.stringify(error)).not.toMatch(/\n\s+at .*:\d+:\d+/);
}
