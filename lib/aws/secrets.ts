import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { GetParameterCommand, type SSMClient } from '@aws-sdk/client-ssm';
import { ConfigError } from '../core/errors.ts';
import type { Secrets } from '../ports.ts';

export type AwsSecretsOptions = {
  secretsManager: SecretsManagerClient;
  ssm: SSMClient;
  now: () => number;
  /** The whole of one read with its retries, ms (3,000): a check has 25 s, and the remote call wants most of it. */
  timeout_ms?: number;
};

/** Uncached, a million checks a day cost more in reads of secrets than in checks; Parameter Store gives 40 reads a second in all. */
const freshMs = 300_000;
/** A value that cannot be read again serves on for this long: better an old secret than none. */
const staleMs = 3_600_000;

type Kept = { text: Promise<string>; read_at_ms: number };

/**
 * The `Secrets` port on AWS: `secretsmanager:ARN[#key]` (the key picks one text of a JSON object) and `ssm:NAME`, each kept
 * for five minutes, unless a fresh one is asked for. Throws ConfigError, never naming the value, when there is no such
 * secret or we may not read it; what only failed this time is thrown as it came.
 */
export function createAwsSecrets({ secretsManager, ssm, now, timeout_ms = 3000 }: AwsSecretsOptions): Secrets {
  const kept = new Map<string, Kept>();
  const last = new Map<string, { text: string; read_at_ms: number }>();

  async function readManaged(id: string): Promise<string | undefined> {
    const command = new GetSecretValueCommand({ SecretId: id });
    return (await secretsManager.send(command, { abortSignal: AbortSignal.timeout(timeout_ms) })).SecretString;
  }
  async function readParameter(name: string): Promise<string | undefined> {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    return (await ssm.send(command, { abortSignal: AbortSignal.timeout(timeout_ms) })).Parameter?.Value;
  }
  async function read(source: string, fresh: boolean): Promise<string> {
    const begun_ms = now();
    const [scheme, name] = split(source);
    let text: string | undefined;
    try {
      text = await (scheme === 'ssm' ? readParameter(name) : readManaged(name));
    } catch (cause) {
      const why = permanent[nameOf(cause)];
      if (why !== undefined) throw new ConfigError(`the secret "${source}" ${why}`, { cause });
      const old = last.get(source);
      if (!fresh && old !== undefined && begun_ms - old.read_at_ms < staleMs) return old.text;
      throw cause;
    }
    if (text === undefined || text === '')
      throw new ConfigError(`the secret "${source}" is empty or binary; store the secret there as text`);
    // An earlier read may answer later, with the secret of before.
    if (begun_ms >= (last.get(source)?.read_at_ms ?? begun_ms)) last.set(source, { text, read_at_ms: begun_ms });
    return text;
  }
  /** One read for all who ask at once, unless a fresh one is wanted; a failed one is not kept. */
  function readKept(source: string, fresh: boolean): Promise<string> {
    const known = kept.get(source);
    if (!fresh && known !== undefined && now() - known.read_at_ms < freshMs) return known.text;
    const text = read(source, fresh);
    kept.set(source, { text, read_at_ms: now() });
    text.catch(() => {
      if (kept.get(source)?.text === text) kept.delete(source);
    });
    return text;
  }

  return {
    resolve: async (reference, { fresh } = { fresh: false }) => {
      const [scheme, rest] = split(reference);
      if (scheme === 'ssm') return readKept(reference, fresh);
      if (scheme === 'secretsmanager') {
        const hash = rest.indexOf('#');
        if (hash < 0) return readKept(reference, fresh);
        return pick(reference, await readKept(`${scheme}:${rest.slice(0, hash)}`, fresh), rest.slice(hash + 1));
      }
      if (scheme === 'env' || scheme === 'file')
        throw new ConfigError(`"${reference}" needs the embedded engine; on AWS use secretsmanager:ARN or ssm:NAME`);
      // What is no reference may be the secret itself: it is not repeated.
      throw new ConfigError('got something that is no secret reference; write secretsmanager:ARN or ssm:NAME');
    },
  };
}

const split = (reference: string): [string, string] => {
  const colon = reference.indexOf(':');
  return [reference.slice(0, Math.max(0, colon)), reference.slice(colon + 1)];
};

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : '');

/** Errors that only an operator can end. */
const permanent: Partial<Record<string, string>> = {
  ResourceNotFoundException: 'does not exist; create it, or change the reference',
  ParameterNotFound: 'does not exist; create it, or change the reference',
  AccessDeniedException: 'may not be read by this function; deploy the stack again, or allow the key that encrypts it',
  DecryptionFailure: 'cannot be decrypted; allow this function to use its key',
  InvalidRequestException: 'is about to be deleted; restore it, or change the reference',
  InvalidParameterException: 'is no name that Secrets Manager takes; change the reference',
};

/** One text of a JSON object; a secret of several parts is best kept as one. */
function pick(reference: string, text: string, key: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: it may quote the secret.
    throw new ConfigError(
      `the secret behind "${reference}" is no JSON object; leave out "#${key}", or store an object`,
    );
  }
  const picked: unknown =
    typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
  if (typeof picked !== 'string' || picked === '')
    throw new ConfigError(`the secret behind "${reference}" has no text under "${key}"; add it there`);
  return picked;
}
