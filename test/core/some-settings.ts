import {
  type Connection,
  connectionSchema,
  readConfiguration,
  type Target,
  targetsOf,
} from '../../lib/core/configuration.ts';
import type { Problem } from '../../lib/core/errors.ts';
import type { Kind } from '../../lib/core/kind.ts';
import { type ReadStartRequest, readStartRequest } from '../../lib/core/start-request.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';

/** A kind an operator might declare. */
export const exportKind: Kind = {
  name: 'export',
  transport: 'http',
  start: { url: '/projects/{project}/exports', body: { format: '{format}' } },
  handle: { id: 'id' },
  status: { url: '/exports/{id}' },
  cancel: { method: 'DELETE', url: '/exports/{id}' },
  acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } }],
  pace: { interval_seconds: 5 },
  expected_seconds: 40,
  next_step: { complete: 'Download it.' },
};
/** One that only adopts. */
export const watchKind: Kind = {
  name: 'watch-only',
  transport: 'http',
  status: { url: '/things/{id}' },
  acceptors: [{ state: 'success', matcher: { httpStatus: [200] } }],
  timeout_seconds: 90,
};

const read = readConfiguration({
  announce: {
    webhooks: [
      { name: 'ops', url: 'https://hooks.example.com/ops', secret: 'env:HOOK' },
      { name: 'dev', url: 'https://hooks.example.com/dev', secret: 'env:HOOK', on: ['settled', 'failing'] },
    ],
  },
});
if (!read.ok) throw new Error('the test settings are no configuration');
export const someTargets: Target[] = targetsOf(read.configuration);
const connections = new Map<string, Connection>([
  ['ci', connectionSchema.parse({ transport: 'http', url: 'https://ci.example.com' })],
]);
export const someSettings = {
  kinds: kindsWith([exportKind, watchKind]),
  connections,
  targets: someTargets,
  limits: { watchdog_seconds: 60 },
};

/** Reads a request that is meant to be fine. */
export function accepted(body: unknown): Extract<ReadStartRequest, { ok: true }> {
  const answer = readStartRequest(body, someSettings);
  if (!answer.ok) throw new Error(JSON.stringify(answer.problems));
  return answer;
}
/** The problems of a request that is meant to be refused, as `path: message`. */
export function refused(body: unknown): string[] {
  const answer = readStartRequest(body, someSettings);
  return answer.ok ? [] : answer.problems.map(({ path, message }: Problem) => `${path}: ${message}`);
}
/** An adopted `http` job. */
export const adopting = (rest: Record<string, unknown> = {}): Record<string, unknown> => ({
  kind: 'http',
  connection: 'ci',
  handle: { status: { url: '/runs/42' } },
  acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } }],
  ...rest,
});
