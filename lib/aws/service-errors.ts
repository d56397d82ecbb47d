import { ConfigError, InvariantError, RequestError } from '../core/errors.ts';

/** Too many calls, or more of something than the account may have: asking again later helps. */
const passing = new Set([
  'RequestThrottled',
  'ServiceQuotaExceededException',
  'ThrottledException',
  'ThrottlingException',
  'TooManyRequestsException',
]);
/** The deployment is at fault: a queue, topic, group, grant or credential is missing. */
const deployment = new Set([
  'AccessDenied',
  'AccessDeniedException',
  'AuthorizationErrorException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'KMSAccessDeniedException',
  'NotFoundException',
  'QueueDoesNotExist',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
]);

/**
 * Says a failure of SQS, SNS or EventBridge Scheduler in our words: RequestError UNAVAILABLE (a caller may ask again, a
 * tick is delivered again), ConfigError, or InvariantError. `what` is the thing of the stack that was asked.
 */
export function inOurWords(what: string, cause: unknown): Error {
  if (!(cause instanceof Error)) return new InvariantError(`${what} failed without an error`, { cause });
  if (deployment.has(cause.name))
    return new ConfigError(
      `${what} refused us (${cause.name}): check the stack's environment and this function's grants`,
      {
        cause,
      },
    );
  const fault: unknown = '$fault' in cause ? cause.$fault : undefined;
  // An error that no service made came on the way: a lost connection, a time-out.
  if (passing.has(cause.name) || fault === undefined || fault === 'server')
    return new RequestError('UNAVAILABLE', `${what} is busy or out of reach; send the same request again`, {
      retry_after_ms: 1000,
      cause,
    });
  return new InvariantError(`${what} did not take our request (${cause.name})`, { cause });
}

/** Sends, and says a failure in our words. */
export async function said<T>(what: string, send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (cause) {
    throw inOurWords(what, cause);
  }
}
