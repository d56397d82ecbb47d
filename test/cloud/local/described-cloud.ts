import { join } from 'node:path';
import type { ResolvedTemplate } from './resolve-template.ts';

export type FunctionDescription = {
  /** Its logical id, which is its name here. */
  name: string;
  arn: string;
  role_arn: string;
  handler: string;
  /** The bundle that CDK wrote. */
  code_directory: string;
  timeout_s: number;
  memory_mb: number;
  reserved_concurrency: number | null;
  /** Whether it may feed itself without end; Lambda breaks such loops otherwise. */
  may_loop: boolean;
  environment: Record<string, string>;
};
export type EventSource = {
  queue: string;
  function_name: string;
  batch_size: number;
  enabled: boolean;
  reports_failures: boolean;
};
/** A schedule that the template itself has, as CreateSchedule takes it. */
export type TemplateSchedule = { name: string; properties: Attributes };
export type Route = {
  method: string;
  path: string;
  function_name: string;
  /** `NONE`, `AWS_IAM`, `JWT` or `CUSTOM`; the last two by an authorizer. */
  authorization: string;
  authorizer: string | null;
  /** How long an answer may take. */
  limit_ms: number;
};
/** Who looks at tokens: API Gateway itself, or a function with simple answers. */
export type Authorizer = { id: string; identity_sources: string[] } & (
  | { type: 'JWT'; issuer: string; audience: string[] }
  | { type: 'REQUEST'; function_name: string; cache_seconds: number }
);
/** Whom a function's own policy lets invoke it. */
export type Permission = { function_name: string; principal: string; source_arn: string };
export type Attributes = Record<string, unknown>;

/** What a template asks for, in the words of the local cloud. */
export type DescribedCloud = {
  tables: { name: string; properties: Attributes; time_to_live_attribute: string | null }[];
  queues: { name: string; properties: Attributes }[];
  topics: { name: string; arn: string }[];
  subscriptions: { topic_arn: string; protocol: string; endpoint: string; attributes: Record<string, string> }[];
  schedule_groups: string[];
  schedules: TemplateSchedule[];
  functions: FunctionDescription[];
  event_sources: EventSource[];
  routes: Route[];
  authorizers: Authorizer[];
  permissions: Permission[];
  /** Of all requests together; null is without limit. */
  throttle: { rate_per_second: number; burst: number } | null;
};

/** API Gateway's own, where the template names none. */
const integrationLimitMs = 30_000;

/** Lists what the local cloud has to stand for. Throws where the template leaves something unsaid that it needs. */
export function describeCloud(template: ResolvedTemplate): DescribedCloud {
  const { of, physical } = template;
  const nameIn = (arn: string): string => arn.split(':').at(-1) ?? '';
  const integrations = new Map(
    of('AWS::ApiGatewayV2::Integration').map(({ id, properties }) => [
      id,
      {
        function_name: nameIn(text(properties, 'IntegrationUri')),
        limit_ms: Number(properties['TimeoutInMillis'] ?? integrationLimitMs),
      },
    ]),
  );
  return {
    tables: of('AWS::DynamoDB::Table', 'AWS::DynamoDB::GlobalTable').map(({ id, properties }) => {
      const attribute = inner(properties, 'TimeToLiveSpecification')['AttributeName'];
      return { name: id, properties, time_to_live_attribute: attribute === undefined ? null : String(attribute) };
    }),
    queues: of('AWS::SQS::Queue').map(({ id, properties }) => ({ name: id, properties })),
    topics: of('AWS::SNS::Topic').map(({ id }) => ({ name: id, arn: physical(id).ref })),
    subscriptions: of('AWS::SNS::Subscription').map(({ properties }) => ({
      topic_arn: text(properties, 'TopicArn'),
      protocol: text(properties, 'Protocol'),
      endpoint: text(properties, 'Endpoint'),
      attributes: Object.fromEntries(
        ['FilterPolicy', 'FilterPolicyScope', 'RawMessageDelivery'].flatMap((name) =>
          properties[name] === undefined ? [] : [[name, asText(properties[name])]],
        ),
      ),
    })),
    schedule_groups: of('AWS::Scheduler::ScheduleGroup').map(({ id }) => physical(id).ref),
    schedules: of('AWS::Scheduler::Schedule').map(({ id, properties }) => ({ name: id, properties })),
    functions: of('AWS::Lambda::Function').map(({ id, properties, resource }) => ({
      name: id,
      arn: physical(id).attributes['Arn'] ?? '',
      role_arn: text(properties, 'Role'),
      handler: text(properties, 'Handler'),
      code_directory: join(template.directory, text(resource.Metadata ?? {}, 'aws:asset:path')),
      timeout_s: Number(properties['Timeout'] ?? 3),
      memory_mb: Number(properties['MemorySize'] ?? 128),
      reserved_concurrency: numberOrNull(properties['ReservedConcurrentExecutions']),
      may_loop: properties['RecursiveLoop'] === 'Allow',
      environment: Object.fromEntries(
        Object.entries(inner(inner(properties, 'Environment'), 'Variables')).map(([key, value]) => [
          key,
          String(value),
        ]),
      ),
    })),
    event_sources: of('AWS::Lambda::EventSourceMapping').map(({ properties }) => ({
      queue: nameIn(text(properties, 'EventSourceArn')),
      function_name: text(properties, 'FunctionName'),
      batch_size: Number(properties['BatchSize'] ?? 10),
      enabled: properties['Enabled'] !== false,
      reports_failures: JSON.stringify(properties['FunctionResponseTypes'] ?? []).includes('ReportBatchItemFailures'),
    })),
    routes: of('AWS::ApiGatewayV2::Route').map(({ properties }): Route => {
      if (properties['AuthorizationScopes'] !== undefined) throw new Error('scopes of a route are not weighed here');
      const [method = '', path = ''] = text(properties, 'RouteKey').split(' ');
      const served = integrations.get(text(properties, 'Target').replace('integrations/', ''));
      const authorizer = properties['AuthorizerId'];
      return {
        method,
        path,
        function_name: '',
        limit_ms: integrationLimitMs,
        ...served,
        authorization: String(properties['AuthorizationType'] ?? 'NONE'),
        authorizer: authorizer === undefined ? null : String(authorizer),
      };
    }),
    authorizers: of('AWS::ApiGatewayV2::Authorizer').map(({ id, properties }) => authorizerOf(id, properties)),
    permissions: of('AWS::Lambda::Permission').map(({ properties }) => ({
      function_name: nameIn(text(properties, 'FunctionName')),
      principal: text(properties, 'Principal'),
      source_arn: String(properties['SourceArn'] ?? '*'),
    })),
    throttle: throttleIn(
      of('AWS::ApiGatewayV2::Stage').map(({ properties }) => inner(properties, 'DefaultRouteSettings')),
    ),
  };
}

function authorizerOf(id: string, properties: Attributes): Authorizer {
  const identity_sources = listIn(properties['IdentitySource']);
  if (properties['AuthorizerType'] === 'JWT') {
    const { Issuer, Audience } = inner(properties, 'JwtConfiguration');
    return { id, type: 'JWT', identity_sources, issuer: String(Issuer), audience: listIn(Audience) };
  }
  if (properties['EnableSimpleResponses'] !== true)
    throw new Error(`${id} answers with policies, which nobody reads here`);
  const [, function_arn = ''] = /functions\/([^/]+)\/invocations$/.exec(text(properties, 'AuthorizerUri')) ?? [];
  const function_name = function_arn.split(':').at(-1) ?? '';
  const cache_seconds = Number(properties['AuthorizerResultTtlInSeconds'] ?? 300);
  return { id, type: 'REQUEST', identity_sources, function_name, cache_seconds };
}

function throttleIn([settings = {}]: Attributes[]): DescribedCloud['throttle'] {
  const { ThrottlingRateLimit: rate, ThrottlingBurstLimit: burst } = settings;
  return rate === undefined ? null : { rate_per_second: Number(rate), burst: Number(burst) };
}

const listIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);
const inner = (of: Attributes, key: string): Attributes => Object(of[key] ?? {});
/** As the API takes it: what is no text is written as JSON. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const numberOrNull = (value: unknown): number | null => (value === undefined ? null : Number(value));

function text(of: Attributes, key: string): string {
  const value = of[key];
  if (typeof value !== 'string') throw new Error(`the template says no ${key}: ${JSON.stringify(of).slice(0, 200)}`);
  return value;
}
