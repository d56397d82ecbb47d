import type { Configuration } from '../lib/core/configuration.ts';
import { ConfigError, type Problem } from '../lib/core/errors.ts';
import type { Secrets } from '../lib/ports.ts';

/** Every reference must lead to a secret before the first job is taken. Throws ConfigError with all that do not. */
export async function checkSecrets({ connections, announce }: Configuration, secrets: Secrets): Promise<void> {
  const references = [
    ...Object.entries(connections).flatMap(([name, { auth }]) =>
      Object.entries(auth)
        .filter(([key]) => ['token', 'value', 'password'].includes(key))
        .map(([key, reference]) => ({ path: `connections.${name}.auth.${key}`, reference })),
    ),
    ...announce.webhooks.map(({ secret }, position) => ({
      path: `announce.webhooks.${position}.secret`,
      reference: secret,
    })),
  ];
  const problems: Problem[] = [];
  for (const { path, reference } of references) {
    const message = await problemWith(secrets, reference);
    if (message !== undefined) problems.push({ path, message });
  }
  if (problems.length > 0)
    throw new ConfigError('the configuration refers to secrets that are not there', { problems });
}

/** Undefined when `reference` leads to a secret, else what is wrong. */
export async function problemWith(secrets: Secrets, reference: string): Promise<string | undefined> {
  try {
    await secrets.resolve(reference);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be resolved';
  }
}
