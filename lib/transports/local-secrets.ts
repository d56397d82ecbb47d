import { readFile, stat } from 'node:fs/promises';
import { resolve as resolvePath } from 'node:path';
import { ConfigError } from '../core/errors.ts';
import type { Secrets } from '../ports.ts';

const largest_bytes = 65_536;

export type LocalSecretsOptions = {
  /** The variables `env:NAME` may name; read at each call. */
  environment: Readonly<Record<string, string | undefined>>;
  /** What `file:PATH` is relative to: the folder of the configuration file. */
  base_directory: string;
};

/** The `Secrets` port of one machine: `env:NAME` and `file:PATH` (one newline at the end is no part of it). Throws ConfigError, never naming the value. */
export function createLocalSecrets({ environment, base_directory }: LocalSecretsOptions): Secrets {
  return {
    async resolve(reference) {
      const colon = reference.indexOf(':');
      const scheme = reference.slice(0, colon);
      const rest = reference.slice(colon + 1);
      if (scheme === 'env') return fromEnvironment(environment, rest);
      if (scheme === 'file') return fromFile(resolvePath(base_directory, rest));
      if (scheme === 'secretsmanager' || scheme === 'ssm')
        throw new ConfigError(`"${reference}" needs the aws engine; on a single machine use env:NAME or file:PATH`);
      // What is no reference may be the secret itself: it is not repeated.
      throw new ConfigError('got something that is no secret reference; write env:NAME or file:PATH');
    },
  };
}

function fromEnvironment(environment: LocalSecretsOptions['environment'], name: string): string {
  const value = Object.hasOwn(environment, name) ? environment[name] : undefined;
  if (value === undefined || value === '')
    throw new ConfigError(
      `the environment variable ${name} is ${value === '' ? 'empty' : 'not set'}; set it to the secret, or change the reference "env:${name}"`,
    );
  return value;
}

async function fromFile(path: string): Promise<string> {
  const text = await readSmall(path);
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new ConfigError(`the secret file ${path} is empty; write the secret into it`);
  return secret;
}

async function readSmall(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (found.isFile() && found.size <= largest_bytes) return await readFile(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw new ConfigError(`the secret file ${path} cannot be read${code}; check the path and its permissions`, {
      cause,
    });
  }
  throw new ConfigError(
    `${path} is no plain file of at most ${largest_bytes} bytes; name the file that holds just the secret`,
  );
}
