import { setTimeout as pause } from 'node:timers/promises';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoFront, type DynamoFrontOptions, startDynamoFront } from '../dynamo-front.ts';
import { type QueueFront, type QueueFrontOptions, startQueueFront } from '../queue-front.ts';
import type { Authorize, Fault, FaultOf } from '../queues/api-call.ts';
import { type SecretsFront, startSecretsFront } from '../queues/secrets-front.ts';
import type { Send } from '../scheduler/firing.ts';
import type { Schedule } from '../scheduler/schedule-book.ts';
import { createSqsSender } from '../scheduler/sqs-sender.ts';
import type { Time } from '../scheduler/time.ts';
import { type SchedulerServer, type SchedulerServerOptions, startSchedulerServer } from '../scheduler-server.ts';
import { byRole, environmentOf, environmentToken, type FunctionCall } from './callers.ts';
import { createResources, type OwnCredentials, startSchedules } from './create-resources.ts';
import { type DescribedCloud, describeCloud, type FunctionDescription } from './described-cloud.ts';
import { startFeeds } from './feeds.ts';
import { type HttpFront, startHttpFront } from './http-front.ts';
import { type LambdaHost, type LogLine, startLambdaHost } from './lambda-host.ts';
import type { MovableTime } from './movable-time.ts';
import { type Place, readTemplate } from './resolve-template.ts';

export type LocalCloudOptions = {
  /** The assembly, with one template and its bundles. */
  directory: string;
  /** The session token a role calls with, so that the servers can tell what it may. */
  token_of?: (role_arn: string) => string;
  /** What every call but our own is weighed by; everything is allowed unless given. */
  authorize?: Authorize;
  /** The one clock of everything, functions included; real time unless given. */
  time?: Time | MovableTime;
  /** What goes wrong with the calls that functions make. */
  fault?: (call: FunctionCall) => Fault | undefined;
  /** Deploys something else than the template says, to show what that would lead to. */
  change?: (described: DescribedCloud) => DescribedCloud;
  /** Secrets by their ARNs, parameters by their names. */
  secrets?: Readonly<Record<string, string>>;
  dynamo?: DynamoFrontOptions;
  queues?: QueueFrontOptions;
  scheduler?: Partial<SchedulerServerOptions>;
  /** Where an issuer of tokens is served on this machine. */
  reach?: (url: string) => string;
  port?: number;
  onLine?: (line: LogLine) => void;
};
export type LocalCloud = {
  /** Where the HTTP API is. */
  url: string;
  described: DescribedCloud;
  dynamo: DynamoFront;
  queues: QueueFront;
  scheduler: SchedulerServer;
  secrets: SecretsFront;
  lambda: LambdaHost;
  /** Clients of who may do everything. */
  operator: { sqs: SQSClient; scheduler: SchedulerClient };
  /** The schedules of jobs: those that the template has itself left out. */
  jobSchedules: () => Schedule[];
  /** Resolves when no event is at a function, and no message can be taken. */
  rest: () => Promise<void>;
  /** Deliveries end first, processes last. */
  close: () => Promise<void>;
};

export const region = 'eu-west-1';
export const account = '000000000000';
/** Where nobody listens: a service that is not stood for here is not to be reached by accident. */
const nowhere = 'http://127.0.0.1:9';
/** Who makes what CloudFormation would make. */
const operator = 'token of the operator';
const credentials = { accessKeyId: 'local', secretAccessKey: 'none' };
const own: OwnCredentials = { region, credentials: { ...credentials, sessionToken: operator } };

/** Boots everything a synthesized template asks for on loopback; its functions reach it by AWS_ENDPOINT_URL_* only. */
export async function startLocalCloud(options: LocalCloudOptions): Promise<LocalCloud> {
  const { time, token_of = (role_arn: string): string => `token of ${role_arn}` } = options;
  const weigh = byRole(options.authorize ?? (() => null));
  const authorize: Authorize = (call) => (call.session_token === operator ? null : weigh(call));
  const calling = new Map<number, string>();
  const fault: FaultOf = (call) => {
    const environment = environmentOf(call.session_token);
    if (environment === null) return undefined;
    return options.fault?.({ ...call, environment, function_name: calling.get(environment) ?? '' });
  };
  const shared = { region, authorize, fault, ...(time === undefined ? {} : { time, now: time.now }) };
  const dynamo = await startDynamoFront({ ...shared, ...options.dynamo });
  const queues = await startQueueFront({ ...shared, ...options.queues });
  const secrets = await startSecretsFront({ ...shared, account, secrets: options.secrets ?? {} });
  const sender = createSqsSender({ endpoint: queues.endpoint, region, token_of });
  /** A function takes an event at once, and runs by itself. */
  const send: Send = async (delivery) => {
    const { target_arn: resource, role_arn, body } = delivery;
    if (!resource.includes(':lambda:')) return sender.send(delivery);
    const asked = { action: 'lambda:InvokeFunction', resource, context: {}, bytes: 0 };
    const denied = authorize({ ...asked, at_ms: 0, session_token: token_of(role_arn) });
    if (denied !== null) throw new Error(denied);
    void lambda.invoke(resource.split(':').at(-1) ?? '', JSON.parse(body)).catch(() => undefined);
  };
  const scheduler = await startSchedulerServer({ ...shared, account, send, ...options.scheduler });
  const http: HttpFront = await startHttpFront({
    ...shared,
    invoke: (name, event) => lambda.invoke(name, event),
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.reach === undefined ? {} : { reach: options.reach }),
  });
  const place: Place = { account, region, queueUrl: queues.queueUrl, api_url: http.url };
  const templated = describeCloud(readTemplate(options.directory, place));
  const described = options.change?.(templated) ?? templated;
  await createResources(described, { dynamo, queues, scheduler }, own);

  const variablesOf = ({ name, role_arn }: FunctionDescription, environment: number): Record<string, string> => {
    calling.set(environment, name);
    return {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'none',
      AWS_SESSION_TOKEN: environmentToken(token_of(role_arn), environment),
      AWS_ENDPOINT_URL: nowhere,
      AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
      AWS_ENDPOINT_URL_SQS: queues.endpoint,
      AWS_ENDPOINT_URL_SNS: queues.endpoint,
      AWS_ENDPOINT_URL_SCHEDULER: scheduler.endpoint,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: secrets.endpoint,
      AWS_ENDPOINT_URL_SSM: secrets.endpoint,
    };
  };
  const lambda = startLambdaHost({
    functions: described.functions,
    variablesOf,
    ...(time === undefined ? {} : { time }),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
  });
  http.serve(described);
  const feeds = startFeeds({ described, queues, invoke: lambda.invoke, tokenFor: token_of, own, time });
  const rest = async (): Promise<void> => {
    while (lambda.busy() > 0 || !feeds.idle()) await pause(1);
  };
  if (time !== undefined && 'restWith' in time) time.restWith(rest);
  const clients = {
    sqs: new SQSClient({ ...own, endpoint: queues.endpoint }),
    scheduler: new SchedulerClient({ ...own, endpoint: scheduler.endpoint }),
  };
  await startSchedules(clients.scheduler, described);

  return {
    url: http.url,
    described,
    dynamo,
    queues,
    scheduler,
    secrets,
    lambda,
    operator: clients,
    jobSchedules: () => scheduler.schedules().filter(({ input }) => input.GroupName !== 'default'),
    rest,
    close: async () => {
      for (const client of Object.values(clients)) client.destroy();
      await http.close();
      await feeds.close();
      await lambda.close();
      await scheduler.close();
      sender.close();
      await secrets.close();
      await queues.close();
      await dynamo.close();
    },
  };
}
