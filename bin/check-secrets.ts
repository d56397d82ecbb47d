import { targetProblem } from '../lib/announce/tell-target.ts';
import { authReferences } from '../lib/core/auth-references.ts';
import { type Configuration, targetsOf } from '../lib/core/configuration.ts';
import { ConfigError, type Problem } from '../lib/core/errors.ts';
import { targetSecret } from '../lib/core/target-secret.ts';
import type { Secrets } from '../lib/ports.ts';

const groups = { webhook: 'webhooks', slack: 'slack', email: 'email' } as const;

/** Every reference must lead to a secret, and to one of its kind, before the first job is taken. Throws ConfigError with all that do not. */
export async function checkSecrets(configuration: Configuration, secrets: Secrets): Promise<void> {
  const credentials = Object.entries(configuration.connections).flatMap(([name, { auth }]) =>
    authReferences(auth).map(({ key, reference }) => ({
      path: `connections.${name}.auth.${key}`,
      problem: async () => {
        const problem = await problemWith(secrets, reference);
        return problem !== undefined && key === 'refresh_token'
          ? `${problem}, or run "untildone connect ${name}"`
          : problem;
      },
    })),
  );
  const targets = Object.values(Object.groupBy(targetsOf(configuration), ({ type }) => type)).flatMap((ofOneType) =>
    ofOneType.map((target, position) => ({
      path: `announce.${groups[target.type]}.${position}.${targetSecret(target).key}`,
      problem: () => targetProblem(target, secrets),
    })),
  );
  const problems: Problem[] = [];
  for (const { path, problem } of [...credentials, ...targets]) {
    const message = await problem();
    if (message !== undefined) problems.push({ path, message });
  }
  if (problems.length > 0)
    throw new ConfigError('the configuration refers to secrets that are not there, or not what they should be', {
      problems,
    });
}

async function problemWith(secrets: Secrets, reference: string): Promise<string | undefined> {
  try {
    await secrets.resolve(reference);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be resolved';
  }
}
