import * as z from 'zod';
import { type Advice, advice, listAdvice, runnable } from './advice.ts';
import type { Context } from './context.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import type { EnvelopeError } from './envelope.ts';
import { exitCode } from './exit-codes.ts';
import { withOwnCommands } from './invoked-as.ts';
import { failure, type Outcome } from './outcome.ts';
import { gatewayRefusal } from './signing-failures.ts';

type Where = { method: string; url: string; limit_ms: number };
type Answer = { status: number; headers: Headers; body: unknown };

/** Null, missing or of another form: then nothing is known of it, and the rest still counts. */
const lenient = <T>(schema: z.ZodType<T>) => schema.optional().catch(undefined);

/** problem+json as the API writes it; its code is what makes it one of ours. */
const problemSchema = z.looseObject({
  code: z.string().regex(/^[A-Z][A-Z0-9_]+$/),
  title: lenient(z.string()),
  detail: lenient(z.string()),
  retryable: lenient(z.boolean()),
  retry_after_ms: lenient(z.number().min(0)),
  errors: lenient(z.array(z.looseObject({ message: z.string() })).min(1)),
  request_id: lenient(z.string().min(1)),
  job: lenient(descriptorSchema),
});

const isLoopback = (url: string): boolean => /^(localhost|127\.|\[::1\])/.test(new URL(url).hostname);

const wordOf = (error: unknown): string => {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  return code !== '' && !message.includes(code) ? `${message} (${code})` : message;
};

/** No answer came: interrupted, out of time, or not reached. */
export function noAnswer(context: Context, where: Where, error: unknown, unsafe: boolean): Outcome {
  if (context.interrupt.aborted) return interrupted(context);
  const network_context = { endpoint: context.endpoint.url };
  const call = `${where.method} ${where.url}`;
  if (error instanceof Error && error.name === 'TimeoutError')
    return failure(exitCode.timed_out, {
      code: 'TIMEOUT',
      message: `${call} was not answered within ${where.limit_ms} ms.`,
      retryable: !unsafe,
      ...(unsafe ? {} : { retry_strategy: 'exponential_backoff' as const }),
      phase: 'execution',
      suggestion: 'Give it longer with --timeout SECONDS.',
      network_context,
    });
  const why = wordOf(error);
  const never = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(why);
  // A port that no HTTP client of this platform calls stays one.
  const hopeless = /bad port/i.test(why);
  const repeatable = !hopeless && (never || !unsafe);
  const serve = runnable(context, 'serve');
  const local = never && isLoopback(context.endpoint.url);
  return failure(exitCode.unavailable, {
    code: 'UNAVAILABLE',
    message: `${call} failed: ${why}.`,
    retryable: repeatable,
    ...(repeatable ? { retry_strategy: 'exponential_backoff' as const } : {}),
    phase: 'execution',
    suggestion: local
      ? `No server listens at ${context.endpoint.url}. Start one with "${serve ?? 'untildone serve'}", or set UNTILDONE_ENDPOINT.`
      : `Check UNTILDONE_ENDPOINT (now ${context.endpoint.url}) and the network.`,
    ...(local && serve !== undefined ? { fix_command: serve } : {}),
    network_context,
  });
}

/** SIGINT or SIGTERM ended this command. */
export function interrupted(context: Context): Outcome {
  const terminated = context.interrupt.reason === 'SIGTERM';
  return failure(terminated ? exitCode.terminated : exitCode.interrupted, {
    code: 'CANCELLED',
    message: `${terminated ? 'SIGTERM' : 'SIGINT'} ended this command.`,
    retryable: false,
    phase: 'execution',
    ...advice(context, {
      suggestion: 'Jobs that were handed over go on',
      leads: '; see how they stand:',
      command: 'job list',
    }),
  });
}

/** Something answered, but not as this API does. */
export function malformed(context: Context, where: Where, seen: string): Outcome {
  return failure(exitCode.unavailable, {
    code: 'MALFORMED_ANSWER',
    message: `${where.method} ${where.url} answered ${seen}.`,
    retryable: false,
    phase: 'execution',
    ...advice(context, {
      suggestion: `Check that UNTILDONE_ENDPOINT (now ${context.endpoint.url}) is an untildone server of this version.`,
      command: 'doctor',
    }),
    network_context: { endpoint: context.endpoint.url },
  });
}

const plainCodes: Record<number, [exit: number, code: string]> = {
  401: [exitCode.auth_required, 'UNAUTHENTICATED'],
  403: [exitCode.permission_denied, 'PERMISSION_DENIED'],
  429: [exitCode.rate_limited, 'RATE_LIMITED'],
};

/** Only with a problem document: another server's 404 must not be read as "there is no such job". */
const problemCodes: Record<number, number> = {
  400: exitCode.bad_arguments,
  404: exitCode.not_found,
  409: exitCode.conflict,
  410: exitCode.not_found,
  413: exitCode.bad_arguments,
  422: exitCode.bad_arguments,
};

const codesByName: Record<string, number> = {
  START_REJECTED: exitCode.precondition,
  IDEMPOTENCY_KEY_REUSED: exitCode.conflict,
  ROUTE_NOT_FOUND: exitCode.unavailable,
};

const retryAfterOf = (headers: Headers): number | undefined => {
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? Math.round(seconds * 1000) : undefined;
};

/** A refusal, read from its status and its problem document. */
export function failureOfAnswer(context: Context, where: Where, answer: Answer, unsafe: boolean): Outcome {
  const call = `${where.method} ${where.url}`;
  const refused = gatewayRefusal(context, call, answer);
  if (refused !== undefined) return refused;
  const read = problemSchema.safeParse(answer.body);
  const problem = read.success ? read.data : undefined;
  const plain =
    plainCodes[answer.status] ?? (answer.status >= 500 ? ([exitCode.unavailable, 'UNAVAILABLE'] as const) : undefined);
  const exit =
    (problem && codesByName[problem.code]) ??
    plain?.[0] ??
    (problem ? (problemCodes[answer.status] ?? exitCode.general) : undefined);
  if (exit === undefined) return malformed(context, where, `${answer.status} without a problem document`);
  const transient = exit === exitCode.unavailable || exit === exitCode.rate_limited;
  const retryable = problem?.retryable ?? (transient && (exit === exitCode.rate_limited || !unsafe));
  const retry_after_ms = retryable ? (problem?.retry_after_ms ?? retryAfterOf(answer.headers)) : undefined;
  const job = problem?.job === undefined ? null : withOwnCommands(problem.job, context.cli_command);
  const error: EnvelopeError = {
    code: problem?.code ?? plain?.[1] ?? 'GENERAL_ERROR',
    message: problem?.detail || problem?.title || `${call} answered ${answer.status}.`,
    retryable,
    ...(retry_after_ms === undefined ? {} : { retry_after_ms: Math.round(retry_after_ms) }),
    ...(problem?.errors === undefined ? {} : { problems: problem.errors }),
    phase: exit === exitCode.bad_arguments ? 'validation' : 'execution',
    ...adviceOn(exit, context, retryable),
    http_status: answer.status,
  };
  return failure(exit, error, job, problem?.request_id === undefined ? {} : { request_id: problem.request_id });
}

/** What to do about a refusal, by its exit code. */
function adviceOn(exit: number, context: Context, retryable: boolean): Advice {
  if (exit === exitCode.auth_required) {
    const set = `Set UNTILDONE_TOKEN to a token that ${context.endpoint.url} accepts.`;
    return { suggestion: set, fix_required: set };
  }
  if (exit === exitCode.permission_denied)
    return advice(context, {
      suggestion: 'Ask who runs the server: this credential may not do that.',
      leads: ' What it may do:',
      command: 'check-permissions',
    });
  if (exit === exitCode.bad_arguments)
    return advice(context, {
      suggestion: 'Mend every problem that is listed, and send the request again.',
      leads: ' What kinds take:',
      command: 'kinds',
    });
  if (exit === exitCode.precondition)
    return { suggestion: 'The remote system said no and nothing runs: mend what it complains of, then start anew.' };
  if (exit === exitCode.not_found) return listAdvice(context);
  if (exit === exitCode.conflict)
    return { suggestion: 'Use another idempotency key, or send the request of the first time.' };
  if (retryable)
    return {
      suggestion: 'Try again after error.retry_after_ms, or in some seconds and then ever more.',
      retry_strategy: 'exponential_backoff',
    };
  return advice(context, {
    suggestion: 'Look at what the server says of itself, and at its log.',
    command: 'doctor',
  });
}
