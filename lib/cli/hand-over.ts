import { callApi } from './client.ts';
import type { Context } from './context.ts';
import { type Descriptor, descriptorSchema } from './descriptor-schema.ts';
import { exitCode } from './exit-codes.ts';
import { withOwnCommands } from './invoked-as.ts';
import { outcomeOfJob } from './job-outcome.ts';
import { type Outcome, success } from './outcome.ts';

/** The body of `POST /v1/jobs`, as the caller has it: the server judges it. Without a key every call is a job of its own. */
type Handed = {
  body: Record<string, unknown>;
  idempotency_key: string | undefined;
  /** What to do when no answer came, so that the job may exist all the same: the key finds it. */
  inDoubt: (idempotency_key: string) => string;
};

/** Hands a job over, to be started (`input`) or only watched (`handle`): its descriptor, or why it was not taken. */
export async function handOver(context: Context, { body, idempotency_key: given, inDoubt }: Handed): Promise<Outcome> {
  const idempotency_key = given ?? context.randomId();
  const answered = await callApi(context, {
    method: 'POST',
    path: '/v1/jobs',
    headers: { 'idempotency-key': idempotency_key },
    body,
    answer: descriptorSchema,
    unsafe_to_repeat: given === undefined,
  });
  const meta = { idempotency_key };
  if (answered.ok) {
    const replayed = answered.headers.get('idempotency-replayed') === 'true';
    const job = { ...withOwnCommands(answered.value, context.cli_command), effect: replayed ? 'noop' : 'created' };
    const told = { ...meta, ...(replayed ? { idempotency_hit: true } : {}) };
    return acceptedOr(job, { starts: 'input' in body, meta: told, context });
  }
  const { outcome } = answered;
  return {
    ...outcome,
    meta: { ...outcome.meta, ...meta },
    error: outcome.error && {
      ...outcome.error,
      ...(isInDoubt(outcome) ? { suggestion: inDoubt(idempotency_key) } : {}),
    },
  };
}

/** Accepted, unless a job we were to start came back as failed: then nobody should think that it runs. */
function acceptedOr(
  job: Descriptor,
  { starts, meta, context }: { starts: boolean; meta: Record<string, unknown>; context: Context },
): Outcome {
  if (!starts || job.status !== 'failed') return success(job, meta);
  return { ...outcomeOfJob(job, context), exit_code: exitCode.precondition, meta };
}

/** Neither refused nor safe to repeat. */
function isInDoubt({ exit_code, error }: Outcome): boolean {
  const codes: number[] = [exitCode.timed_out, exitCode.unavailable, exitCode.interrupted, exitCode.terminated];
  return codes.includes(exit_code) && error?.retryable !== true;
}
