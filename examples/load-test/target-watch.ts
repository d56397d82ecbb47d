import { codeOf, streakInWords } from './errors-in-words.ts';

const DEAD_AFTER_MS = 1000;
const DEAD_AFTER_ERRORS_AT_LEAST = 3;

/** Judges from answers and errors whether the target still lives. */
export interface TargetWatch {
  answered(): void;
  /** Takes one error and returns what the target did, in words, once it counts as dead; null before. */
  failed(error: unknown, nowMs: number): string | null;
}

/**
 * Watches for a target that is gone: nothing but errors for 1 s, and at least one for each connection. A target that
 * comes back within that second carries on; the errors stay in the figures.
 */
export function createTargetWatch(connections: number): TargetWatch {
  const enoughErrors = Math.max(DEAD_AFTER_ERRORS_AT_LEAST, connections);
  let errorsInARow = 0;
  let firstErrorMs = 0;
  let sameCodeInARow = 0;
  let lastCode = '';
  return {
    answered() {
      errorsInARow = 0;
      sameCodeInARow = 0;
    },
    failed(error, nowMs) {
      if (errorsInARow === 0) firstErrorMs = nowMs;
      errorsInARow += 1;
      const code = codeOf(error);
      sameCodeInARow = code === lastCode ? sameCodeInARow + 1 : 1;
      lastCode = code;
      const isDead = errorsInARow >= enoughErrors && nowMs - firstErrorMs >= DEAD_AFTER_MS;
      return isDead ? streakInWords(sameCodeInARow, error) : null;
    },
  };
}
