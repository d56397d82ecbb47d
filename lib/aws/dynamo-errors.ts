import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { ConfigError, InvariantError, RequestError } from '../core/errors.ts';

/** Asking again helps, once the table has split or the network is back. */
const passing = new Set([
  'InternalServerError',
  'LimitExceededException',
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ServiceUnavailable',
  'ThrottlingException',
  'TransactionInProgressException',
  // Of the SDK and of Node, when no answer came.
  'TimeoutError',
  'AbortError',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** The deployment is at fault: a table, a grant or a credential is missing. */
const deployment = new Set([
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ResourceNotFoundException',
  'UnrecognizedClientException',
]);

/**
 * Sends, and says a failure of DynamoDB in our words, once: RequestError UNAVAILABLE (a caller may ask again, a tick is
 * delivered again), ConfigError, or InvariantError. A failed condition is an answer, and passes as it is.
 */
export async function translated<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (cause) {
    if (cause instanceof ConditionalCheckFailedException) throw cause;
    throw inOurWords(cause);
  }
}

function inOurWords(cause: unknown): Error {
  if (!(cause instanceof Error)) return new InvariantError('the job table failed without an error', { cause });
  const { name, code, $metadata } = cause as Error & { code?: string; $metadata?: { httpStatusCode?: number } }; // what the SDK and Node add
  if (passing.has(name) || passing.has(code ?? '') || ($metadata?.httpStatusCode ?? 0) >= 500)
    return new RequestError('UNAVAILABLE', 'the job table is busy or out of reach; ask again in a moment', {
      retry_after_ms: 1000,
      cause,
    });
  if (deployment.has(name))
    return new ConfigError(`the job table refused us (${name}): check the table name and the grants of this function`, {
      cause,
    });
  return new InvariantError(`the job table did not take our request (${name})`, { cause });
}
