import type { ConnectOptions, ConnectResult, ServeOptions } from '../lib/cli/context.ts';
import { runCli } from '../lib/cli/run-cli.ts';
import { thisProcess } from '../lib/cli/this-process.ts';

/** The server is loaded only when it is asked for: every other command stays light. */
async function serve(options: ServeOptions): Promise<number> {
  const { serve } = await import('./serve.ts');
  return serve(options);
}

async function connect(options: ConnectOptions): Promise<ConnectResult> {
  const { connect } = await import('./connect.ts');
  return connect(options);
}

// A reader that has gone is no failure: `untildone job list | head -1` ends quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
process.stderr.on('error', () => {});

const code = await runCli({ ...thisProcess(), argv: process.argv.slice(2), serve, connect });
process.exit(code);
