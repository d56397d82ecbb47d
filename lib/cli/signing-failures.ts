import { advice } from './advice.ts';
import type { Context } from './context.ts';
import type { EnvelopeError } from './envelope.ts';
import { exitCode } from './exit-codes.ts';
import { failure, type Outcome } from './outcome.ts';

const looked =
  'the environment (AWS_ACCESS_KEY_ID), the profile (AWS_PROFILE, ~/.aws), a web identity, the container and the instance';

/** The AWS credential chain gave nothing that can be used. */
export function credentialTrouble(error: unknown, env: NodeJS.ProcessEnv): Outcome {
  const profile = env['AWS_PROFILE'];
  const named = profile !== undefined && /^[\w.-]+$/.test(profile) ? ` --profile ${profile}` : '';
  const why = reasonOf(error);
  if (/expired|sso login|refresh this SSO session|SSO session .*invalid/i.test(why))
    return unauthenticated('CREDENTIALS_EXPIRED', `The AWS credentials have expired: ${why}`, {
      fix_required: 'Log in again.',
      fix_command: `aws sso login${named}`,
    });
  return unauthenticated('UNAUTHENTICATED', `No AWS credentials to sign with: ${why} Looked in: ${looked}.`, {
    fix_required: 'Log in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or UNTILDONE_TOKEN.',
    fix_command: `aws configure list${named}`,
  });
}

/** The chain's own words; a `credential_process` is named by its command line, which may carry anything. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message.trim() : '';
  if (message === '') return 'the credential chain failed without a word.';
  if (/^Command failed/i.test(message)) return 'credential_process of the profile failed.';
  return message.endsWith('.') ? message : `${message}.`;
}

type Refusal = { status: number; headers: Headers; body: unknown };

/** Words of API Gateway, which answers `{"message": …}` before any of our functions is asked. Undefined when it did not. */
export function gatewayRefusal(context: Context, call: string, { status, body }: Refusal): Outcome | undefined {
  const message = messageOf(body);
  if (message === undefined) return undefined;
  const said = `${call} was answered with ${status} "${message}"`;
  // Only who signs knows that a gateway said it: anybody else's 404 is no answer of this API.
  if (status === 404 && context.signer !== undefined && /^not found$/i.test(message))
    return failure(exitCode.unavailable, {
      code: 'ROUTE_NOT_FOUND',
      message: `${said}: the gateway has no such route.`,
      retryable: false,
      phase: 'execution',
      suggestion: `Check UNTILDONE_ENDPOINT (now ${context.endpoint.url}), the stage in its path too.`,
      http_status: status,
    });
  if (status !== 401 && status !== 403) return undefined;
  const { code, exit, ...advice } = adviceOn(status, message, context);
  return failure(exit, {
    code,
    message: `${said}: ${advice.why}`,
    retryable: false,
    phase: 'execution',
    ...advice.error,
    http_status: status,
  });
}

type Suggested = Partial<EnvelopeError> & Pick<EnvelopeError, 'suggestion'>;
type Advice = { code: string; exit: number; why: string; error: Suggested };

function adviceOn(status: number, message: string, context: Context): Advice {
  const { url, token } = context.endpoint;
  const missing = (why: string, fix_required: string): Advice => ({
    code: 'UNAUTHENTICATED',
    exit: exitCode.auth_required,
    why,
    error: { suggestion: fix_required, fix_required },
  });
  if (token !== undefined)
    return status === 401
      ? missing('the token is not accepted.', `Set UNTILDONE_TOKEN to a token that ${url} accepts.`)
      : {
          code: 'PERMISSION_DENIED',
          exit: exitCode.permission_denied,
          why: 'the token does not allow this, or the API wants signed requests.',
          error: { suggestion: 'If the API was deployed with auth iam, unset UNTILDONE_TOKEN.' },
        };
  if (context.signer === undefined)
    return status === 403
      ? missing(
          'the request carried no credential.',
          'If the API was deployed with auth iam, set UNTILDONE_AUTH=sigv4 and AWS_REGION; otherwise set UNTILDONE_TOKEN.',
        )
      : missing('the request carried no token.', `Set UNTILDONE_TOKEN to a token that ${url} accepts.`);
  if (status === 401)
    return missing('it takes tokens, not signatures.', 'Set UNTILDONE_TOKEN to a token that it accepts.');
  if (/security token.*expired|ExpiredToken/i.test(message))
    return { ...missing('the AWS credentials have expired.', 'Log in again.'), code: 'CREDENTIALS_EXPIRED' };
  if (/signature expired|signature not yet current/i.test(message))
    return missing('the clock of this machine is wrong.', 'Set the clock of this machine.');
  if (/signature we calculated|credential should be scoped|security token.*invalid/i.test(message))
    return missing(
      'the signature is not accepted.',
      'Check AWS_REGION, and that the AWS credentials are valid: aws sts get-caller-identity',
    );
  return {
    code: 'PERMISSION_DENIED',
    exit: exitCode.permission_denied,
    why: 'the identity that signs may not call this API, or the API is of another account or region.',
    error: advice(context, {
      suggestion: 'It needs execute-api:Invoke on this API (api.grantInvoke in the CDK app).',
      leads: ' Who signs:',
      command: 'doctor',
    }),
  };
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || 'code' in body) return undefined;
  const message = 'message' in body ? body.message : 'Message' in body ? body.Message : undefined;
  return typeof message === 'string' && message !== '' ? message.slice(0, 300) : undefined;
}

const unauthenticated = (
  code: string,
  message: string,
  advice: { fix_required: string; fix_command: string },
): Outcome =>
  failure(exitCode.auth_required, {
    code,
    message,
    retryable: false,
    phase: 'execution',
    suggestion: advice.fix_required,
    ...advice,
  });
