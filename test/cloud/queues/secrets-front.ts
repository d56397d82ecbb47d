import { type ApiCall, type Authorize, type FaultOf, type LoggedCall, sessionTokenOf } from './api-call.ts';
import { createGuard, type GuardedAnswer } from './guard.ts';
import { type LoopbackAnswer, type LoopbackRequest, startLoopback } from './loopback.ts';

export type SecretsFrontOptions = {
  region: string;
  account: string;
  /** Secrets by their ARNs, parameters by their names. PutSecretValue writes into it. */
  secrets: Record<string, string>;
  authorize?: Authorize;
  fault?: FaultOf;
  now?: () => number;
};
export type SecretsFront = { endpoint: string; calls: LoggedCall[]; close(): Promise<void> };

const json = (status: number, body: object, error: string | null = null): GuardedAnswer => ({
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
  error,
});
const failed = (type: string, message: string, status = 400): GuardedAnswer =>
  json(status, { __type: type, message }, type);

const refusals = {
  throttle: (message: string) => failed('ThrottlingException', message),
  fail: (message: string) => failed('InternalServiceError', message, 500),
  denied: (message: string) => failed('AccessDeniedException', message),
};

/** GetSecretValue and PutSecretValue of Secrets Manager and GetParameter of Parameter Store on loopback. */
export async function startSecretsFront(options: SecretsFrontOptions): Promise<SecretsFront> {
  const { region, account, secrets, now = Date.now } = options;
  const guard = createGuard(options);

  function answer({ headers, body }: LoopbackRequest): Promise<LoopbackAnswer | null> {
    const asked: { SecretId?: string; SecretString?: string; Name?: string } = JSON.parse(body);
    const { SecretId, SecretString, Name } = asked;
    const isSecret = String(headers['x-amz-target']).startsWith('secretsmanager.');
    const isPut = headers['x-amz-target'] === 'secretsmanager.PutSecretValue';
    const id = (isSecret ? SecretId : Name) ?? '';
    const call: ApiCall = {
      at_ms: now(),
      action: isSecret ? `secretsmanager:${isPut ? 'Put' : 'Get'}SecretValue` : 'ssm:GetParameter',
      resource: isSecret ? id : `arn:aws:ssm:${region}:${account}:parameter/${id.replace(/^\//, '')}`,
      context: {},
      session_token: sessionTokenOf(headers),
      bytes: Buffer.byteLength(body),
    };
    const run = async (): Promise<GuardedAnswer> => {
      const value = secrets[id];
      if (value === undefined) return failed(isSecret ? 'ResourceNotFoundException' : 'ParameterNotFound', id);
      if (isPut) {
        secrets[id] = SecretString ?? '';
        return json(200, { ARN: id });
      }
      return json(200, isSecret ? { ARN: id, SecretString: value } : { Parameter: { Name: id, Value: value } });
    };
    return guard.pass({ call, refuse: (why, message) => refusals[why](message), run });
  }
  const { endpoint, close } = await startLoopback(answer);
  return { endpoint, calls: guard.calls, close };
}
