import {
  type ApiCall,
  type Authorize,
  type Disturb,
  type FaultOf,
  faultCounter,
  type LoggedCall,
  sessionTokenOf,
} from './queues/api-call.ts';
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
  const calls: LoggedCall[] = [];
  const nextFault = faultCounter(options.fault);
  const recent = new Map<string, number[]>();
  let lagging = options.role_lag_calls ?? 0;

  const firing = createFiring({
    time,
    client_now,
    send: options.send,
    lateness_ms: options.lateness_ms ?? seededLateness(1),
    disturb: options.disturb ?? (() => [0]),
  });
  const allowed = (action: string, resource: string, context: Record<string, string>, by: ApiCall): string | null =>
    options.authorize?.({ ...by, action, resource, context }) ?? null;
  let current: ApiCall | undefined;
  const book = createScheduleBook({
    time,
    client_now,
    region,
    account,
    max_schedules: options.max_schedules ?? 10_000_000,
    firing,
    mayAssume: (role_arn, group_arn) => {
      if (current?.action === 'scheduler:CreateSchedule' && lagging > 0) {
        lagging -= 1;
        return false;
      }
      const context = { 'aws:SourceArn': group_arn, 'aws:SourceAccount': account, service: 'scheduler.amazonaws.com' };
      return current === undefined || allowed('sts:AssumeRole', role_arn, context, current) === null;
    },
  });

  function checkRate(schedule: string): void {
    const since_ms = time.now() - 1000;
    const times = (recent.get(schedule) ?? []).filter((at_ms) => at_ms > since_ms);
    if (times.length >= ratePerSchedule) throw new ServiceError('ThrottlingException', 'Rate exceeded');
    recent.set(schedule, [...times, time.now()]);
  }
  function checkAllowed(operation: Operation, call: ApiCall): void {
    const denied =
      allowed(call.action, call.resource, {}, call) ??
      (operation.passes_role === null
        ? null
        : allowed('iam:PassRole', operation.passes_role, { 'iam:PassedToService': 'scheduler.amazonaws.com' }, call));
    if (denied !== null) throw new ServiceError('AccessDeniedException', denied);
  }

  async function answer(request: LoopbackRequest): Promise<LoopbackAnswer | null> {
    const call: ApiCall = {
      at_ms: time.now(),
      action: 'scheduler:Unknown',
      resource: '*',
      context: {},
      session_token: sessionTokenOf(request.headers),
      bytes: Buffer.byteLength(request.body),
    };
    let cut = false;
    const rendered = ((): LoopbackAnswer => {
      try {
        const operation = routeOf(book, request);
        call.action = operation.action;
        call.resource = `arn:aws:scheduler:${region}:${account}:${operation.resource}`;
        const fault = nextFault(call);
        cut = fault === 'cut' || fault === 'cut_after';
        const failure = new ServiceError('InternalServerException', 'made to fail');
        if (fault === 'throttle') throw new ServiceError('ThrottlingException', 'Rate exceeded');
        if (fault === 'fail' || fault === 'cut') throw failure;
        checkAllowed(operation, call);
        if (operation.schedule !== null) checkRate(operation.schedule);
        current = call;
        const body = JSON.stringify(operation.run());
        if (fault === 'fail_after') throw failure;
        calls.push({ ...call, status: 200, error: null });
        return { status: 200, headers: { 'content-type': 'application/json' }, body };
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        calls.push({ ...call, status: error.status, error: error.type });
        const headers = { 'content-type': 'application/json', 'x-amzn-errortype': error.type };
        return { status: error.status, headers, body: JSON.stringify({ Message: error.message }) };
      } finally {
        current = undefined;
      }
    })();
    return cut ? null : rendered;
  }

  const { endpoint, port, close } = await startLoopback(answer, options.port);
  return {
    endpoint,
    port,
    calls,
    firings: firing.firings,
    schedules: book.all,
    close: async () => {
      firing.stop();
      await close();
    },
  };
}
