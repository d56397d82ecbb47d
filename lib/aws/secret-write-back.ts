import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { ConfigError } from '../core/errors.ts';

/** Secrets Manager keeps about a hundred versions, and asks for no more than one write in ten minutes. */
export const writesEvery_ms = 600_000;

/** Writes a new text to `secretsmanager:ARN[#key]`, beside the other keys of its object, if it still is `expected`. Throws ConfigError where it may not. */
export async function writeBackSecret(
  client: SecretsManagerClient,
  reference: string,
  { expected, text, timeout_ms = 3000 }: { expected: string; text: string; timeout_ms?: number },
): Promise<void> {
  const [SecretId = '', key] = reference.slice(reference.indexOf(':') + 1).split('#', 2);
  const soon = () => ({ abortSignal: AbortSignal.timeout(timeout_ms) });
  try {
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId }), soon());
    const whole: Record<string, unknown> = key === undefined ? {} : JSON.parse(SecretString);
    const current = key === undefined ? SecretString : whole[key];
    if (typeof current !== 'string' || current.trim() !== expected) return;
    const next = key === undefined ? text : JSON.stringify({ ...whole, [key]: text });
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: next }), soon());
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AccessDeniedException')
      throw new ConfigError(`this function may not write the secret ${SecretId}; deploy the stack again`, { cause });
    throw cause;
  }
}
