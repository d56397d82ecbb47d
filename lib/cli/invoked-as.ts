/**
 * How to call this CLI (or another program) again, as it was called: npx and `npm exec` leave `npm_command=exec` and the
 * script they ran (npm 11: `npm_lifecycle_event=npx`, `npm_lifecycle_script='untildone'`). Another program's npx does not count.
 */
export function invokedAs(env: NodeJS.ProcessEnv, name = 'untildone'): string {
  const throughNpm = env['npm_command'] === 'exec' || env['npm_lifecycle_event'] === 'npx';
  const script = env['npm_lifecycle_script'];
  const literally = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const ranUs = script === undefined || new RegExp(`(^|[\\s'"/\\\\])${literally}([\\s'"@]|$)`).test(script);
  return throughNpm && ranUs ? `npx --no-install ${name}` : name;
}

/**
 * The same for a program that may also have been run as a script, `node deploy.js`: then its name alone would lead nowhere.
 * A path with a space in it cannot be printed so that it runs without a shell; then the name has to do.
 */
export function calledAs(
  name: string,
  { env, script, node }: { env: NodeJS.ProcessEnv; script: string; node: string },
) {
  const invoked = invokedAs(env, name);
  const byName = script.split(/[\\/]/).at(-1) === name;
  if (invoked !== name || byName || !/^\S+$/.test(script)) return invoked;
  return `${/^\S+$/.test(node) ? node : 'node'} ${script}`;
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
