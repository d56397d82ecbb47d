import type { Time } from '../scheduler/time.ts';
import type { FunctionDescription } from './described-cloud.ts';
import { type Invoked, type LambdaEnvironment, startEnvironment } from './lambda-environment.ts';

export type LogLine = { function_name: string; pid: number; line: string };
export type LambdaHostOptions = {
  functions: FunctionDescription[];
  /** Given to every function beside its own variables; its environments are numbered from 1, over all functions. */
  variablesOf?: (fn: FunctionDescription, environment: number) => Record<string, string>;
  /** Hears of every line, as it is written. */
  onLine?: (line: LogLine) => void;
  time?: Pick<Time, 'now' | 'speed'>;
};
export type LambdaHost = {
  /** Runs a function with one event, in an environment that is free or a new one. Throws TooManyRequests. */
  invoke: (function_name: string, payload: unknown, trace?: string) => Promise<Invoked>;
  /** How many events are under way. */
  busy: () => number;
  /** How often each function was invoked. */
  invocations: ReadonlyMap<string, number>;
  logs: LogLine[];
  /** Of the processes that live now. */
  pids: (function_name: string) => number[];
  /** How many environments were ever started. */
  started: () => number;
  /** Numbers of the environments of a function that have an event. */
  working: (function_name: string) => number[];
  /** Kills one environment by its number, as `SIGKILL` does. */
  kill: (environment: number) => Promise<void>;
  close: () => Promise<void>;
};

/** Who is over the function's reserved concurrency. */
export class TooManyRequests extends Error {
  override readonly name = 'TooManyRequestsException';
}

/** Runs functions as Lambda does: a process for each event that is under way, kept for the next one. */
export function startLambdaHost(options: LambdaHostOptions): LambdaHost {
  const { functions, variablesOf = () => ({}), onLine, time } = options;
  const pools = new Map(functions.map((fn) => [fn.name, new Set<LambdaEnvironment>()]));
  const numbered = new Map<number, LambdaEnvironment>();
  const running = new Map<string, number>();
  const invocations = new Map<string, number>();
  const logs: LogLine[] = [];
  let started = 0;

  async function environmentOf(fn: FunctionDescription, pool: Set<LambdaEnvironment>): Promise<LambdaEnvironment> {
    started += 1;
    const number = started;
    let pid = 0;
    const environment = await startEnvironment({
      function: fn,
      variables: variablesOf(fn, number),
      time,
      onLine: (line) => {
        const logged = { function_name: fn.name, pid, line };
        logs.push(logged);
        onLine?.(logged);
      },
    });
    pid = environment.pid;
    pool.add(environment);
    numbered.set(number, environment);
    return environment;
  }

  async function invoke(function_name: string, payload: unknown, trace?: string): Promise<Invoked> {
    const fn = functions.find(({ name }) => name === function_name);
    const pool = pools.get(function_name);
    if (fn === undefined || pool === undefined) throw new Error(`there is no function ${function_name}`);
    const under_way = running.get(function_name) ?? 0;
    if (fn.reserved_concurrency !== null && under_way >= fn.reserved_concurrency)
      throw new TooManyRequests('Rate Exceeded.');
    running.set(function_name, under_way + 1);
    invocations.set(function_name, (invocations.get(function_name) ?? 0) + 1);
    try {
      const free = [...pool].find((environment) => environment.state() === 'free');
      return await (free ?? (await environmentOf(fn, pool))).invoke(payload, trace);
    } finally {
      running.set(function_name, (running.get(function_name) ?? 1) - 1);
    }
  }

  return {
    invoke,
    busy: () => [...running.values()].reduce((sum, number) => sum + number, 0),
    invocations,
    working: (name) =>
      [...numbered].flatMap(([number, one]) => (pools.get(name)?.has(one) && one.state() === 'busy' ? [number] : [])),
    kill: async (number) => numbered.get(number)?.close(),
    logs,
    pids: (name) => [...(pools.get(name) ?? [])].flatMap((one) => (one.state() === 'ended' ? [] : [one.pid])),
    started: () => started,
    close: async () => {
      const all = [...pools.values()].flatMap((pool) => [...pool]);
      await Promise.all(all.map((environment) => environment.close()));
    },
  };
}
