import type { Envelope, EnvelopeError } from './envelope.ts';
import { exitCode } from './exit-codes.ts';

/** What a command came to: its exit code and everything the envelope says beside the facts of the invocation. */
export type Outcome = {
  exit_code: number;
  data: Envelope['data'];
  error: EnvelopeError | null;
  warnings: string[];
  meta: Record<string, unknown>;
  /** A person has been told on stderr already. */
  told?: true;
};

/** One thing wrong with the arguments: which (`--limit`), and what was got and wanted. */
export type ArgumentProblem = { path: string; message: string; code?: string };

/** It worked. */
export const success = (data: Envelope['data'], meta: Record<string, unknown> = {}): Outcome => ({
  exit_code: exitCode.ok,
  data,
  error: null,
  warnings: [],
  meta,
});

/** It did not work; `data` is null unless the command declares something to hand over all the same. */
export const failure = (
  exit_code: number,
  error: EnvelopeError,
  data: Envelope['data'] = null,
  meta: Record<string, unknown> = {},
): Outcome => ({ exit_code, data, error, warnings: [], meta });

/** Every problem with the arguments at once; nothing was called and nothing done. */
export function badArguments(
  problems: ArgumentProblem[],
  suggestion: string,
  fix_command?: string | undefined,
): Outcome {
  const codes = new Set(problems.map((problem) => problem.code ?? 'INVALID_ARGUMENTS'));
  const [only] = codes;
  // Somebody would have to type it: that is no mistake in the words, and never waited for.
  const exit = codes.size === 1 && only === 'INPUT_REQUIRED' ? exitCode.precondition : exitCode.bad_arguments;
  return failure(exit, {
    code: codes.size === 1 && only !== undefined ? only : 'INVALID_ARGUMENTS',
    message: problems.map(({ path, message }) => `${path} ${message}`).join('; '),
    problems: problems.map(({ path, message }) => ({ path, message })),
    retryable: false,
    phase: 'validation',
    fix_required: problems.length === 1 ? 'Correct this argument.' : `Correct these ${problems.length} arguments.`,
    suggestion,
    ...(fix_command === undefined ? {} : { fix_command }),
  });
}
