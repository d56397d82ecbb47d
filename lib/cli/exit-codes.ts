/** One row of the exit-code table; `retryable` is true only where nothing was changed. */
export type ExitCodeEntry = {
  name: string;
  description: string;
  retryable: boolean;
  side_effects: 'none' | 'partial' | 'complete';
};

/** What this CLI exits with; 3, 4 and 7 mean the job's state in `job status` and `job wait`. */
export const exitCode = {
  ok: 0,
  general: 1,
  bad_arguments: 2,
  job_running: 3,
  job_failed: 4,
  precondition: 4,
  not_found: 5,
  conflict: 6,
  job_timed_out: 7,
  permission_denied: 7,
  auth_required: 8,
  timed_out: 10,
  rate_limited: 11,
  unavailable: 12,
  /** EX_CONFIG of sysexits.h. */
  configuration: 78,
  interrupted: 130,
  terminated: 143,
} as const;

const entry = (
  name: string,
  description: string,
  retryable = false,
  side_effects: ExitCodeEntry['side_effects'] = 'none',
): ExitCodeEntry => ({ name, description, retryable, side_effects });

const localCodes: Record<number, ExitCodeEntry> = {
  [exitCode.ok]: entry('SUCCESS', 'It worked.', false, 'complete'),
  [exitCode.general]: entry('GENERAL_ERROR', 'Something else went wrong; the error says what.', false, 'partial'),
  [exitCode.bad_arguments]: entry('ARG_ERROR', 'The request is wrong; nothing was done. All problems are listed.'),
};

const interruptedCodes: Record<number, ExitCodeEntry> = {
  [exitCode.interrupted]: entry('INTERRUPTED', 'SIGINT ended this command; a job goes on.'),
  [exitCode.terminated]: entry('TERMINATED', 'SIGTERM ended this command; a job goes on.'),
};

const networkCodes: Record<number, ExitCodeEntry> = {
  [exitCode.permission_denied]: entry('PERMISSION_DENIED', 'The credential does not allow this.'),
  [exitCode.auth_required]: entry(
    'AUTH_REQUIRED',
    'No credential that is accepted: UNTILDONE_TOKEN, or AWS credentials to sign with.',
  ),
  [exitCode.timed_out]: entry('TIMEOUT', 'The server did not answer within --timeout.', true),
  [exitCode.rate_limited]: entry('RATE_LIMITED', 'Too many calls; error.retry_after_ms says when to come back.', true),
  [exitCode.unavailable]: entry('UNAVAILABLE', 'The server cannot be reached or did not give a usable answer.', true),
  ...interruptedCodes,
};

const notFound = {
  [exitCode.not_found]: entry('NOT_FOUND', 'There is no such job: unknown, malformed or expired id.'),
};

/** Whether the call may have arrived cannot be known, so that repeating it blindly is not safe. */
const unsure: Record<number, ExitCodeEntry> = {
  [exitCode.timed_out]: entry(
    'TIMEOUT',
    'No answer in time: repeat it with the same idempotency key.',
    false,
    'partial',
  ),
  [exitCode.unavailable]: entry(
    'UNAVAILABLE',
    'Not reached, or no usable answer: see error.retryable.',
    false,
    'partial',
  ),
};

/** Codes of the commands that only use this machine. */
export const codesOfLocal = localCodes;

/** Codes of `serve`. */
export const codesOfServe = {
  ...localCodes,
  [exitCode.configuration]: entry('CONFIG_ERROR', 'The configuration, data directory or address must be mended first.'),
};

/** Codes of commands that ask functions on this machine, of another program's author. */
export const codesOfOwn = { ...localCodes, ...interruptedCodes };

/** Codes of commands that start a job of such a program. */
export const codesOfOwnStart: Record<number, ExitCodeEntry> = {
  ...codesOfOwn,
  [exitCode.precondition]: entry('START_REJECTED', 'Nothing was started, or it failed at once; the error says why.'),
};

/** Codes of `connect`. */
export const codesOfConnect = {
  ...localCodes,
  [exitCode.precondition]: entry('NOT_AGREED', 'The person or the authorization server refused; nothing was stored.'),
  [exitCode.timed_out]: entry('TIMEOUT', 'Nobody answered in the browser in time; nothing was stored.', true),
  [exitCode.unavailable]: entry('UNAVAILABLE', 'The authorization server cannot be reached; nothing was stored.', true),
  [exitCode.configuration]: entry('CONFIG_ERROR', 'The connection or its configuration must be mended first.'),
  [exitCode.interrupted]: entry('INTERRUPTED', 'SIGINT ended this command; nothing was stored.'),
  [exitCode.terminated]: entry('TERMINATED', 'SIGTERM ended this command; nothing was stored.'),
};

/** Codes of the commands that read from the API. */
export const codesOfRead = { ...localCodes, ...networkCodes };

/** Codes of `job start` and `job adopt`. */
export const codesOfStart = {
  ...localCodes,
  ...networkCodes,
  ...unsure,
  [exitCode.precondition]: entry(
    'JOB_FAILED',
    'The remote system refused the start, or it ended badly.',
    false,
    'complete',
  ),
  [exitCode.conflict]: entry('CONFLICT', 'The idempotency key was used with another request.'),
};

type Codes = Record<number, ExitCodeEntry>;

/** Codes of `job cancel`, beside those of where the jobs are. */
export const codesOfCancel = (read: Codes): Codes => ({ ...read, ...notFound });

/** Codes of `job status` and `job wait`: 3, 4 and 7 speak of the job, and only of the job. */
export const codesOfJob = (read: Codes): Codes => ({
  ...read,
  ...notFound,
  [exitCode.ok]: entry('JOB_COMPLETE', 'The job is complete.'),
  [exitCode.job_running]: entry('JOB_RUNNING', 'The job is still running: ask again after error.retry_after_ms.', true),
  [exitCode.job_failed]: entry('JOB_FAILED', 'The job failed or was cancelled.'),
  [exitCode.job_timed_out]: entry('JOB_TIMED_OUT', 'The job did not end before its deadline.'),
  ...(exitCode.auth_required in read
    ? {
        [exitCode.auth_required]: entry(
          'AUTH_REQUIRED',
          'UNTILDONE_TOKEN or the AWS credentials are missing, refused, or do not allow this.',
        ),
      }
    : {}),
});

/** Codes of `doctor`. */
export const codesOfDoctor = {
  ...codesOfRead,
  [exitCode.general]: entry('CHECK_FAILED', 'At least one check failed; data.checks says which.'),
};
