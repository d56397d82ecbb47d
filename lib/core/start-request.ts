import * as z from 'zod';
import { week } from './cadence.ts';
import type { Connection, Target } from './configuration.ts';
import type { Problem } from './errors.ts';
import { maxNesting } from './jmespath.ts';
import type { Handle, JobSpec } from './job.ts';
import { eventTypes } from './job.ts';
import type { Estimate, Kind } from './kind.ts';
import { acceptorsSchema, pathsSchema } from './kind.ts';
import { oncePer } from './once-per.ts';
import { isPlainRequest } from './plain-request.ts';
import { problemsOf } from './problems.ts';
import { resolveKind } from './resolve-kind.ts';
import { type GivenTiming, timingOf } from './timing.ts';

/** Values of a body that was parsed as JSON. `z.json()` would look at each of them again, and is recursive: zod then remembers every object it meets. */
const jsonObject = z.record(z.string(), z.unknown());

/** `POST /v1/jobs`: exactly one of `handle` (adopt a running job) or `input` (start it, then watch). */
export const startRequestSchema = z
  .strictObject({
    kind: z.string().min(1).max(64),
    connection: z.string().min(1).max(64),
    input: jsonObject.optional(),
    handle: jsonObject.optional(),
    name: z.string().min(1).max(200).optional(),
    expected_seconds: z.number().int().min(1).max(week).optional(),
    timeout_seconds: z.number().int().min(1).max(week).optional(),
    cancel_on_timeout: z.boolean().optional(),
    first_check: z.enum(['now', 'later']).optional(),
    labels: z
      .record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}$/, 'is no label name'), z.string().max(256))
      .optional(),
    announce: z
      .strictObject({
        targets: z.array(z.string().min(1).max(64)).max(32).optional(),
        on: z.array(z.enum(eventTypes)).max(eventTypes.length).optional(),
      })
      .optional(),
    acceptors: acceptorsSchema.optional(),
    paths: pathsSchema.optional(),
  })
  .meta({ id: 'StartRequest' });

/** A body as the schema gives it back. */
export type StartRequest = z.output<typeof startRequestSchema>;

/** What the request amounts to: the immutable part of a job, the handle if it adopts, and what must be asked to know how long it takes. */
export type ReadStartRequest =
  | { ok: true; spec: JobSpec; handle: Handle | null; to_estimate: ToEstimate | null }
  | { ok: false; problems: Problem[] };

/** A kind that estimates, the values its calls may take, and what the request says of the time. */
export type ToEstimate = {
  kind: Kind;
  estimate: Estimate;
  values: Handle;
  given: GivenTiming;
  watchdog_seconds: number;
};

type Known = {
  kinds: ReadonlyMap<string, Kind>;
  connections: ReadonlyMap<string, Connection>;
  targets: readonly Target[];
  limits: { watchdog_seconds: number };
};

const maxLabels = 32;

function nestsDeeper(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (levels === 0) return true;
  for (const item of Object.values(value)) if (nestsDeeper(item, levels - 1)) return true;
  return false;
}

/** All targets are told unless a request says otherwise: one list for all jobs. */
const namesOf = oncePer((targets: readonly Target[]) => targets.map(({ name }) => name));

/** Reads an unknown body: every problem at once, unknown keys included. */
export function readStartRequest(raw: unknown, known: Known): ReadStartRequest {
  if (raw === null || typeof raw !== 'object' || Array.isArray(raw))
    return { ok: false, problems: [{ path: '', message: 'the body must be a JSON object' }] };
  // Before anything walks the body: every walk is recursive.
  if (nestsDeeper(raw, maxNesting))
    return { ok: false, problems: [{ path: '', message: `the body must be JSON nested at most ${maxNesting} deep` }] };
  const parsed = parse(raw);
  const problems: Problem[] = parsed.success ? [] : problemsOf(parsed.error);
  // Rules across fields are read off a body with problems too, so that they are told together with the others.
  const body: Record<string, unknown> = parsed.success ? parsed.data : { ...raw };
  addCrossProblems(body, known, problems);
  const kind = typeof body['kind'] === 'string' ? known.kinds.get(body['kind']) : undefined;
  const resolved = kind === undefined ? undefined : resolveKind(kind, body);
  if (resolved !== undefined && !resolved.ok) problems.push(...resolved.problems);
  if (!parsed.success || problems.length > 0 || kind === undefined || resolved === undefined || !resolved.ok)
    return { ok: false, problems: unique(problems) };

  const request = parsed.data;
  const given = { expected_seconds: request.expected_seconds, timeout_seconds: request.timeout_seconds };
  const { watchdog_seconds } = known.limits;
  const timing = timingOf(kind, given, null, watchdog_seconds);
  return {
    ok: true,
    handle: resolved.handle,
    to_estimate:
      kind.estimate === undefined || given.expected_seconds !== undefined
        ? null
        : {
            kind,
            estimate: kind.estimate,
            values: { ...request.input, ...request.handle } as Handle, // both are JSON
            given,
            watchdog_seconds,
          },
    spec: {
      kind: resolved.kind,
      connection: request.connection,
      name: request.name ?? null,
      labels: request.labels ?? {},
      starts: request.input !== undefined,
      expected_seconds: timing.expected_seconds,
      timeout_seconds: timing.timeout_seconds,
      interval_seconds: timing.interval_seconds,
      heartbeat_seconds: timing.heartbeat_seconds,
      cancel_on_timeout: request.cancel_on_timeout ?? false,
      first_check: request.first_check ?? 'now',
      announce: {
        targets: request.announce?.targets ?? namesOf(known.targets),
        on: request.announce?.on ?? null,
      },
      fingerprint: null,
    },
  };
}

/** A body in which the schema would find nothing is not shown to it. */
const parse = (raw: object): { success: true; data: StartRequest } | z.ZodSafeParseResult<StartRequest> =>
  isPlainRequest(raw) ? { success: true, data: raw } : startRequestSchema.safeParse(raw);

function addCrossProblems(body: Record<string, unknown>, known: Known, problems: Problem[]): void {
  const { kind, connection, labels } = body;
  const add = (path: string, message: string): void => void problems.push({ path, message });
  if (body['input'] !== undefined && body['handle'] !== undefined)
    add('', 'has both "input" (start a job) and "handle" (adopt one); give exactly one');
  if (body['input'] === undefined && body['handle'] === undefined)
    add('', 'has neither "input" (start a job) nor "handle" (adopt one); give exactly one');
  if (typeof kind === 'string' && !known.kinds.has(kind))
    add('kind', `there is no kind ${quote(kind)}; known: ${names(known.kinds.keys())}`);
  const named = typeof connection === 'string' ? known.connections.get(connection) : undefined;
  if (typeof connection === 'string' && named === undefined)
    add('connection', `there is no connection ${quote(connection)}; configured: ${names(known.connections.keys())}`);
  const transport = typeof kind === 'string' ? known.kinds.get(kind)?.transport : undefined;
  if (named !== undefined && transport !== undefined && named.transport !== transport)
    add('connection', `speaks ${named.transport}, but the kind speaks ${transport}`);
  if (labels !== null && typeof labels === 'object' && Object.keys(labels).length > maxLabels)
    add('labels', `are ${Object.keys(labels).length}; at most ${maxLabels}`);
  if (body['announce'] === undefined) return;
  for (const [position, target] of targetNames(body['announce']).entries())
    if (!known.targets.some((configured) => configured.name === target))
      add(
        `announce.targets.${position}`,
        `there is no target ${quote(target)}; configured: ${names(namesOf(known.targets))}`,
      );
}

function targetNames(announce: unknown): string[] {
  if (announce === null || typeof announce !== 'object' || !('targets' in announce) || !Array.isArray(announce.targets))
    return [];
  return announce.targets.filter((target): target is string => typeof target === 'string');
}

const quote = (text: string): string => JSON.stringify(text.slice(0, 80));
const names = (all: Iterable<string>): string => [...all].sort().join(', ') || 'none';

function unique(problems: Problem[]): Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, message }) => !seen.has(`${path}\n${message}`) && seen.add(`${path}\n${message}`));
}
