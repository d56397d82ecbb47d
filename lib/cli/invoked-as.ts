const own = 'untildone';

/**
 * How to call this CLI again, as it was called: npx and `npm exec` leave `npm_command=exec` and the script they ran
 * (npm 11: `npm_lifecycle_event=npx`, `npm_lifecycle_script='untildone'`). Another program's npx does not count.
 */
export function invokedAs(env: NodeJS.ProcessEnv): string {
  const throughNpm = env['npm_command'] === 'exec' || env['npm_lifecycle_event'] === 'npx';
  const script = env['npm_lifecycle_script'];
  const ranUs = script === undefined || /(^|[\s'"/\\])untildone([\s'"@]|$)/.test(script);
  return throughNpm && ranUs ? `npx --no-install ${own}` : own;
}

/**
 * Puts this CLI's own invocation before `job status …` and `job cancel …`, where the server wrote its own; anything
 * that does not have that form is left as it came.
 */
export function withOwnCommands<T>(descriptor: T, cli_command: string): T {
  if (typeof descriptor !== 'object' || descriptor === null) return descriptor;
  // An object with the same keys, looked at by name.
  const rewritten = { ...descriptor } as T & Record<string, unknown>;
  for (const [field, verb] of [
    ['status_command', 'status'],
    ['cancel_command', 'cancel'],
  ] as const) {
    const [, tail] = String(rewritten[field] ?? '').match(new RegExp(`(?:^| )(job ${verb} \\S+)$`)) ?? [];
    if (tail !== undefined) Object.assign(rewritten, { [field]: `${cli_command} ${tail}` });
  }
  return rewritten;
}
