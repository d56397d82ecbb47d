import { startFauxqs } from 'fauxqs';
import {
  type ApiCall,
  type Authorize,
  type Disturb,
  type FaultOf,
  type LoggedCall,
  sessionTokenOf,
} from './queues/api-call.ts';
import { createEngine } from './queues/engine.ts';
import { createGuard } from './queues/guard.ts';
import { type LoopbackAnswer, type LoopbackRequest, startLoopback } from './queues/loopback.ts';
import { createSnsFront, type Mail, type Subscription, snsError, type TopicRequest } from './queues/sns-front.ts';
import { createSqsFront, queueNameOf, type Sending, sqsError } from './queues/sqs-front.ts';
import type { Time } from './scheduler/time.ts';

export type QueueFrontOptions = {
  region?: string;
  port?: number;
  /** Delays pass in this time, moved by hand or faster; real time in the engine unless given. */
  time?: Time;
  /** Messages that arrive twice, late, early, out of order or never. */
  disturb?: Disturb<Sending>;
  fault?: FaultOf;
  authorize?: Authorize;
  /** Where the engine keeps its state; in memory unless given. */
  data_directory?: string;
};

export type QueueFront = {
  /** For AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL_SNS. */
  endpoint: string;
  port: number;
  /** The URL to hand to functions: its host is this front's. */
  queueUrl(name: string): string;
  queueArn(name: string): string;
  calls: LoggedCall[];
  /** How many messages of a queue can be taken now, and how many are taken; what waits for its time in `time` is neither. */
  depth(name: string): { ready: number; in_flight: number };
  /** The bodies in a queue that can be taken now. */
  bodies(name: string): string[];
  /** The trace that whoever sent a message was in. */
  traceOf(message_id: string): string | undefined;
  /** What email, https and other subscriptions got. */
  mailbox: Mail[];
  /** The default text of everything that was published, in order. */
  published: string[];
  /** Batches that topics took. */
  batches: readonly TopicRequest[];
  subscriptions: ReadonlyMap<string, Subscription>;
  close(): Promise<void>;
};

const account = '000000000000';

/** SQS and SNS on loopback: fauxqs behind a front that adds the rules and deliveries it leaves out, and goes wrong on purpose. */
export async function startQueueFront(options: QueueFrontOptions = {}): Promise<QueueFront> {
  const { region = 'eu-west-1', data_directory } = options;
  const fauxqs = await startFauxqs({
    port: 0,
    host: '127.0.0.1',
    logger: false,
    defaultRegion: region,
    ...(data_directory === undefined ? {} : { dataDir: data_directory }),
  });
  const engine = createEngine(fauxqs);
  const guard = createGuard(options);
  const queueUrl = (name: string): string => `http://127.0.0.1:${bound.port}/${account}/${name}`;
  const queueArn = (name: string): string => `arn:aws:sqs:${region}:${account}:${name}`;
  const sqs = createSqsFront({ engine, urlOf: queueUrl, time: options.time, disturb: options.disturb ?? (() => [0]) });
  const sns = await createSnsFront(engine);

  async function answer(request: LoopbackRequest): Promise<LoopbackAnswer | null> {
    const { headers, body } = request;
    const rest = {
      at_ms: options.time?.now() ?? Date.now(),
      context: {},
      session_token: sessionTokenOf(headers),
      bytes: Buffer.byteLength(body),
    };
    const target = headers['x-amz-target'];
    if (typeof target === 'string') {
      const action = target.replace('AmazonSQS.', '');
      const read: object = JSON.parse(body === '' ? '{}' : body);
      const call: ApiCall = { ...rest, action: `sqs:${policyName(action)}`, resource: queueArn(queueOf(read)) };
      return guard.pass({
        call,
        refuse: (why, message) => sqsError(sqsRefusals[why].type, message, sqsRefusals[why].status),
        run: () => sqs.handle(action, read, headers, request.signal),
      });
    }
    const form = new URLSearchParams(body);
    const action = form.get('Action') ?? '';
    const resource =
      form.get('TopicArn') ??
      form.get('SubscriptionArn') ??
      `arn:aws:sns:${region}:${account}:${form.get('Name') ?? '*'}`;
    return guard.pass({
      call: { ...rest, action: `sns:${policyName(action)}`, resource },
      refuse: (why, message) => snsError(snsRefusals[why].type, message, snsRefusals[why].status),
      run: () => sns.handle(action, form, headers),
    });
  }

  const bound = await startLoopback(answer, options.port);
  return {
    endpoint: bound.endpoint,
    port: bound.port,
    queueUrl,
    queueArn,
    calls: guard.calls,
    depth: (name) => {
      const { ready = [], inflight = [] } = fauxqs.inspectQueue(name)?.messages ?? {};
      return { ready: ready.length, in_flight: inflight.length };
    },
    bodies: (name) => (fauxqs.inspectQueue(name)?.messages.ready ?? []).map(({ body }) => body),
    traceOf: sqs.traceOf,
    mailbox: sns.mailbox,
    published: sns.published,
    batches: sns.requests,
    subscriptions: sns.subscriptions,
    close: async () => {
      sqs.stop();
      await bound.close();
      await fauxqs.stop();
    },
  };
}

/** Batches are authorised as the action they repeat. */
const policyName = (action: string): string => action.replace(/Batch$/, '');

function queueOf(body: object): string {
  const url: unknown = Reflect.get(body, 'QueueUrl');
  const name: unknown = Reflect.get(body, 'QueueName');
  return typeof url === 'string' ? queueNameOf(url) : typeof name === 'string' ? name : '*';
}

const sqsRefusals = {
  throttle: { type: 'RequestThrottled', status: 400 },
  fail: { type: 'InternalFailure', status: 500 },
  denied: { type: 'AccessDeniedException', status: 400 },
} as const;
const snsRefusals = {
  throttle: { type: 'Throttled', status: 429 },
  fail: { type: 'InternalError', status: 500 },
  denied: { type: 'AuthorizationError', status: 403 },
} as const;
