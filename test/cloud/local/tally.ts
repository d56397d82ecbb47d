import type { LocalCloud } from './local-cloud.ts';

/** What AWS bills of a run, by what it is billed for. */
export type Tally = {
  /** By the function's name in the stack. */
  invocations: Record<string, number>;
  wru: number;
  rru: number;
  /** Sent, deleted and taken; a look at an empty queue is left out, since how many there are goes by real time. */
  sqs_requests: number;
  schedule_invocations: number;
  sns_publishes: number;
  api_requests: number;
};

/** Counts everything that a local cloud was asked so far. */
export function tallyOf({ dynamo, queues, scheduler, lambda, described }: LocalCloud): Tally {
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
  const faced = new Set(described.routes.map(({ function_name }) => function_name));
  const of = (action: string): number => queues.calls.filter((call) => call.action === action).length;
  const invocations = [...lambda.invocations];
  return {
    invocations: Object.fromEntries(invocations),
    wru: sum(dynamo.billed.map(({ wru }) => wru)),
    rru: sum(dynamo.billed.map(({ rru }) => rru)),
    sqs_requests: of('sqs:SendMessage') + 2 * of('sqs:DeleteMessage'),
    schedule_invocations: scheduler.firings.length,
    sns_publishes: of('sns:Publish'),
    api_requests: sum(invocations.flatMap(([name, number]) => (faced.has(name) ? [number] : []))),
  };
}

/** What happened between two counts. */
export function spent(before: Tally, after: Tally): Tally {
  const names = Object.keys(after.invocations);
  return {
    invocations: Object.fromEntries(
      names.map((name) => [name, (after.invocations[name] ?? 0) - (before.invocations[name] ?? 0)]),
    ),
    wru: after.wru - before.wru,
    rru: after.rru - before.rru,
    sqs_requests: after.sqs_requests - before.sqs_requests,
    schedule_invocations: after.schedule_invocations - before.schedule_invocations,
    sns_publishes: after.sns_publishes - before.sns_publishes,
    api_requests: after.api_requests - before.api_requests,
  };
}
