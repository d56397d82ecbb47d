import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import type { Time } from '../scheduler/time.ts';
import type { FunctionDescription } from './described-cloud.ts';

/** What an invocation came to: the payload, and `Unhandled` when it is that of a failure. */
export type Invoked = { payload: unknown; function_error: 'Unhandled' | null };

/** One process that runs one function, one event at a time. */
export type LambdaEnvironment = {
  pid: number;
  /** Takes an event while `free`; the trace is handed to the SDK, which sends it along with every call. */
  invoke: (payload: unknown, trace?: string) => Promise<Invoked>;
  state: () => 'free' | 'busy' | 'ended';
  /** Kills it, and waits until it is gone. */
  close: () => Promise<void>;
};
export type EnvironmentOptions = {
  function: FunctionDescription;
  /** Beside the function's own variables: region, credentials, endpoints. */
  variables: Record<string, string>;
  onLine: (line: string) => void;
  /** What the function takes the time for, and how fast it passes for it; real time unless given. */
  time?: Pick<Time, 'now' | 'speed'> | undefined;
};

const runtimeClient = createRequire(import.meta.url).resolve('aws-lambda-ric');
/** As JavaScript: every environment would spend its first 60 ms on the types. */
const nativeClient = `data:text/javascript,${encodeURIComponent(
  transformSync(readFileSync(fileURLToPath(new URL('native-client.ts', import.meta.url)), 'utf8'), { loader: 'ts' })
    .code,
)}`;
/** How long AWS lets a module load. */
const initMs = 10_000;

/** A trace that says nothing of where an event comes from. */
const noTrace = 'Root=1-00000000-000000000000000000000000;Sampled=0';

type Current = {
  id: string;
  payload: string;
  trace: string;
  end: (invoked: Invoked) => void;
  deadline: NodeJS.Timeout;
};

const failure = (errorType: string, errorMessage: string): Invoked => ({
  function_error: 'Unhandled',
  payload: { errorType, errorMessage },
});

/** Starts a process with AWS's own runtime client, and the Runtime API that it asks for events. */
export async function startEnvironment(options: EnvironmentOptions): Promise<LambdaEnvironment> {
  const { function: fn, variables, onLine, time } = options;
  const now = time?.now ?? Date.now;
  let asking: ServerResponse | null = null;
  let current: Current | null = null;
  let ended = false;

  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const [, id = '', what = ''] = /invocation\/([^/]+)\/?(\w*)$/.exec(request.url ?? '') ?? [];
    if (id === 'next') {
      asking = response;
      hand();
      return;
    }
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    if (request.url?.endsWith('/init/error') === true)
      settle({ function_error: 'Unhandled', payload: JSON.parse(body) });
    if (id === current?.id)
      settle({
        payload: JSON.parse(body === '' ? 'null' : body),
        function_error: what === 'error' ? 'Unhandled' : null,
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind

  const child: ChildProcess = spawn(process.execPath, ['--import', nativeClient, runtimeClient, fn.handler], {
    cwd: fn.code_directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    // Nothing of ours gets in: what a function needs, its template has to give.
    env: {
      PATH: process.env['PATH'] ?? '',
      TZ: ':UTC',
      AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${port}`,
      _HANDLER: fn.handler,
      LAMBDA_TASK_ROOT: fn.code_directory,
      AWS_LAMBDA_FUNCTION_NAME: fn.name,
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(fn.memory_mb),
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${fn.name}`,
      AWS_LAMBDA_LOG_STREAM_NAME: randomUUID(),
      AWS_LAMBDA_LOG_FORMAT: 'JSON',
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      ...variables,
      ...fn.environment,
    },
  });
  for (const stream of [child.stdout, child.stderr])
    if (stream !== null) createInterface({ input: stream }).on('line', onLine);
  const gone = once(child, 'exit').then(([code, signal]) => {
    ended = true;
    const why = code === null ? `signal: ${signal}` : `exit status ${code}`;
    settle(failure('Runtime.ExitError', `RequestId: ${current?.id ?? ''} Error: Runtime exited with error: ${why}`));
    server.close();
    server.closeAllConnections();
  });

  function settle(invoked: Invoked): void {
    if (current === null) return;
    const { end, deadline } = current;
    clearTimeout(deadline);
    current = null;
    end(invoked);
  }
  /** Hands the event over once there is one, and somebody who asks for it. */
  function hand(): void {
    if (asking === null || current === null) return;
    const deadline_ms = now() + fn.timeout_s * 1000;
    clearTimeout(current.deadline);
    current.deadline = setTimeout(
      () => giveUp(`Task timed out after ${fn.timeout_s.toFixed(2)} seconds`),
      fn.timeout_s * 1000,
    );
    asking.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': current.id,
      'lambda-runtime-deadline-ms': String(deadline_ms),
      'lambda-runtime-invoked-function-arn': fn.arn,
      'lambda-runtime-trace-id': current.trace,
      'local-now-ms': String(now()),
      'local-speed': String(time?.speed ?? 1),
    });
    asking.end(current.payload);
    asking = null;
  }
  function giveUp(message: string): void {
    ended = true;
    settle(failure('Sandbox.Timedout', `RequestId: ${current?.id ?? ''} Error: ${message}`));
    child.kill('SIGKILL');
  }

  return {
    pid: child.pid ?? 0,
    state: () => (ended ? 'ended' : current === null ? 'free' : 'busy'),
    invoke: (payload, trace = noTrace) =>
      new Promise((end) => {
        const deadline = setTimeout(() => giveUp('Init phase timed out'), initMs);
        current = { id: randomUUID(), payload: JSON.stringify(payload), trace, end, deadline };
        hand();
      }),
    close: async () => {
      ended = true;
      child.kill('SIGKILL');
      await gone;
    },
  };
}
