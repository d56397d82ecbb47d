import {
  type ApiCall,
  type Authorize,
  type Disturb,
  type FaultOf,
  type LoggedCall,
  sessionTokenOf,
} from './queues/api-call.ts';
import { createGuard, type GuardedAnswer } from './queues/guard.ts';
import { type LoopbackAnswer, type LoopbackRequest, startLoopback } from './queues/loopback.ts';
import { createFiring, type Firing, type FiringOptions, type Send, seededLateness } from './scheduler/firing.ts';
import { type Operation, routeOf } from './scheduler/routes.ts';
import { createScheduleBook, type Schedule } from './scheduler/schedule-book.ts';
import { ServiceError } from './scheduler/service-error.ts';
import { runningTime, type Time } from './scheduler/time.ts';

export type SchedulerServerOptions = {
  /** Takes what schedules send to queues. */
  send: Send;
  /** Real time unless given; faster or moved by hand with scheduler/time.ts. */
  time?: Time;
  /** The callers' clock where it differs from `time`: their dates are taken by their distance from it. */
  client_now?: () => number;
  region?: string;
  account?: string;
  port?: number;
  /** When within the minute a schedule fires; seeded unless given. */
  lateness_ms?: FiringOptions['lateness_ms'];
  disturb?: Disturb<{ group: string; name: string; scheduled_ms: number }>;
  fault?: FaultOf;
  /** Also asked for `iam:PassRole` by who creates, and for `sts:AssumeRole` by the service itself. */
  authorize?: Authorize;
  /** So many first CreateSchedule calls are refused as if the role had just been made. */
  role_lag_calls?: number;
  max_schedules?: number;
};

export type SchedulerServer = {
  endpoint: string;
  port: number;
  calls: LoggedCall[];
  firings: Firing[];
  schedules(): Schedule[];
  close(): Promise<void>;
};

/** Reads and writes of one schedule, a second; not adjustable on AWS. */
const ratePerSchedule = 10;

/** EventBridge Scheduler on loopback: the API as the SDK speaks it, and schedules that really fire into queues. */
export async function startSchedulerServer(options: SchedulerServerOptions): Promise<SchedulerServer> {
  const { time = runningTime(), region = 'eu-west-1', account = '000000000000' } = options;
  const client_now = options.client_now ?? time.now;
  const guard = createGuard(options);
  const recent = new Map<string, number[]>();
  let lagging = options.role_lag_calls ?? 0;

  const firing = createFiring({
    time,
    client_now,
    send: options.send,
    lateness_ms: options.lateness_ms ?? seededLateness(1),
    disturb: options.disturb ?? (() => [0]),
  });
  const book = createScheduleBook({
    time,
    client_now,
    region,
    account,
    max_schedules: options.max_schedules ?? 10_000_000,
    firing,
    mayAssume: (role_arn, group_arn) => {
      lagging -= 1;
      if (lagging >= 0) return false;
      const context = {
        'aws:SourceArn': group_arn,
        'aws:SourceAccount': account,
        'aws:PrincipalServiceName': 'scheduler.amazonaws.com',
      };
      const asked = { at_ms: time.now(), action: 'sts:AssumeRole', resource: role_arn, context, session_token: null };
      return (options.authorize?.({ ...asked, bytes: 0 }) ?? null) === null;
    },
  });

  function checkRate(schedule: string): void {
    const since_ms = time.now() - 1000;
    const times = (recent.get(schedule) ?? []).filter((at_ms) => at_ms > since_ms);
    if (times.length >= ratePerSchedule) throw new ServiceError('ThrottlingException', 'Rate exceeded');
    recent.set(schedule, [...times, time.now()]);
  }
  async function carryOut({ schedule, run }: Operation): Promise<GuardedAnswer> {
    try {
      if (schedule !== null) checkRate(schedule);
      return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(run()), error: null };
    } catch (error) {
      return rendered(error);
    }
  }
  async function answer(request: LoopbackRequest): Promise<LoopbackAnswer | null> {
    try {
      const operation = routeOf(book, request);
      const { action, resource, passes_role } = operation;
      const call: ApiCall = {
        at_ms: time.now(),
        action,
        resource: `arn:aws:scheduler:${region}:${account}:${resource}`,
        context: {},
        session_token: sessionTokenOf(request.headers),
        bytes: Buffer.byteLength(request.body),
      };
      const context = { 'iam:PassedToService': 'scheduler.amazonaws.com' };
      const passes = passes_role === null ? [] : [{ ...call, action: 'iam:PassRole', resource: passes_role, context }];
      const refuse = (why: keyof typeof refusals, message: string): GuardedAnswer =>
        rendered(new ServiceError(refusals[why], message));
      return await guard.pass({ call, also: passes, refuse, run: () => carryOut(operation) });
    } catch (error) {
      return rendered(error);
    }
  }

  const { endpoint, port, close } = await startLoopback(answer, options.port);
  return {
    endpoint,
    port,
    calls: guard.calls,
    firings: firing.firings,
    schedules: book.all,
    close: async () => {
      firing.stop();
      await close();
    },
  };
}

const refusals = {
  throttle: 'ThrottlingException',
  fail: 'InternalServerException',
  denied: 'AccessDeniedException',
} as const;

function rendered(error: unknown): GuardedAnswer {
  if (!(error instanceof ServiceError)) throw error;
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': error.type };
  return { status: error.status, headers, body: JSON.stringify({ Message: error.message }), error: error.type };
}
