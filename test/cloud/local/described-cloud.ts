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
export type Route = { method: string; path: string; function_name: string; authorization: string };
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
};

/** Lists what the local cloud has to stand for. Throws where the template leaves something unsaid that it needs. */
export function describeCloud(template: ResolvedTemplate): DescribedCloud {
  const { of, physical } = template;
  const nameIn = (arn: string): string => arn.split(':').at(-1) ?? '';
  const integrations = new Map(
    of('AWS::ApiGatewayV2::Integration').map(({ id, properties }) => [id, nameIn(text(properties, 'IntegrationUri'))]),
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
    routes: of('AWS::ApiGatewayV2::Route').map(({ properties }) => {
      const [method = '', path = ''] = text(properties, 'RouteKey').split(' ');
      const integration = text(properties, 'Target').replace('integrations/', '');
      const authorization = String(properties['AuthorizationType'] ?? 'NONE');
      return { method, path, function_name: integrations.get(integration) ?? '', authorization };
    }),
  };
}

const inner = (of: Attributes, key: string): Attributes => Object(of[key] ?? {});
/** As the API takes it: what is no text is written as JSON. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
const numberOrNull = (value: unknown): number | null => (value === undefined ? null : Number(value));

function text(of: Attributes, key: string): string {
  const value = of[key];
  if (typeof value !== 'string') throw new Error(`the template says no ${key}: ${JSON.stringify(of).slice(0, 200)}`);
  return value;
}
