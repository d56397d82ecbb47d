import { existsSync } from 'node:fs';
import { mkdir, realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager';
import { ConfigError } from '../lib/core/errors.ts';
import { replaceSecretFile } from '../lib/embedded/secret-file.ts';

/** Writes a new secret to where a reference points. Throws ConfigError for what an operator must mend. */
export type WriteSecret = (text: string) => Promise<void>;

/** The writer behind a reference; `file:` is relative to `directory`. Throws ConfigError at once for a reference that cannot be written to. */
export function secretWriter(
  reference: string,
  directory: string,
  secretsManager: SecretsManagerClientConfig = {},
): WriteSecret {
  const colon = reference.indexOf(':');
  const scheme = reference.slice(0, colon);
  const rest = reference.slice(colon + 1);
  if (scheme === 'file') return (text) => writeFileOnce(resolve(directory, rest), text);
  if (scheme === 'secretsmanager') return (text) => writeManaged(rest, text, secretsManager);
  throw new ConfigError(
    `"refresh_token": "${reference}" cannot be written to from here; point it at a file (file:PATH), or on AWS at secretsmanager:ARN`,
  );
}

async function writeFileOnce(named: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(named), { recursive: true, mode: 0o700 });
    // A link stays a link.
    await replaceSecretFile(existsSync(named) ? await realpath(named) : named, text);
  } catch (cause) {
    throw unwritable(named, cause);
  }
}

/** `ARN#key`: one text of a JSON object, whose other keys stay. */
async function writeManaged(rest: string, text: string, config: SecretsManagerClientConfig): Promise<void> {
  const { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } = await onAws(
    () => import('@aws-sdk/client-secrets-manager'),
  );
  const [arn = '', key] = rest.split('#', 2);
  const region = /^arn:[^:]+:secretsmanager:([^:]+):/.exec(arn)?.[1];
  const client = new SecretsManagerClient({ ...(region === undefined ? {} : { region }), ...config });
  try {
    let whole = text;
    if (key !== undefined) {
      const held = await client.send(new GetSecretValueCommand({ SecretId: arn })).catch(noneYet);
      whole = JSON.stringify({ ...objectIn(held?.SecretString, rest), [key]: text });
    }
    await client.send(new PutSecretValueCommand({ SecretId: arn, SecretString: whole }));
  } catch (cause) {
    throw cause instanceof ConfigError ? cause : unwritable(`secretsmanager:${rest}`, cause);
  } finally {
    client.destroy();
  }
}

/** A secret that was created without a value has none to read. */
function noneYet(error: unknown): undefined {
  if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
  throw error;
}

function objectIn(text: string | undefined, reference: string): object {
  if (text === undefined || text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below, without the text: it is a secret.
  }
  throw new ConfigError(
    `the secret behind "secretsmanager:${reference}" is no JSON object, so that no key of it can be set`,
  );
}

/** The SDK is wanted only by who keeps secrets on AWS. */
async function onAws<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new ConfigError('the AWS SDK is not installed; add it: npm install @aws-sdk/client-secrets-manager', {
      cause,
    });
  }
}

const unwritable = (where: string, cause: unknown): ConfigError =>
  new ConfigError(
    `${where} cannot be written (${cause instanceof Error ? nameOf(cause) : 'refused'}); nothing was stored`,
    {
      cause,
    },
  );

const nameOf = (error: Error): string => ('code' in error ? String(error.code) : error.name);
