import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One resource as CDK wrote it. */
export type Resource = {
  Type: string;
  Properties?: Record<string, unknown>;
  Metadata?: Record<string, unknown>;
};
/** What `Ref` and `Fn::GetAtt` come to. */
export type Physical = { ref: string; attributes: Record<string, string> };
export type Place = {
  account: string;
  region: string;
  queueUrl: (name: string) => string;
  /** Where the HTTP API is reached. */
  api_url: string;
};

/** A synthesized stack, with every reference answerable. */
export type ResolvedTemplate = {
  /** The folder of the assembly. */
  directory: string;
  /** Resources of these types, their properties resolved. */
  of: (...types: string[]) => { id: string; properties: Record<string, unknown>; resource: Resource }[];
  physical: (id: string) => Physical;
  output: (name: string) => unknown;
};

type Template = { Resources: Record<string, Resource>; Outputs?: Record<string, { Value: unknown }> };

/** Reads the one template of an assembly. Names are the logical ids, so that they say what they are. */
export function readTemplate(directory: string, place: Place): ResolvedTemplate {
  const named = readdirSync(directory).filter((name) => name.endsWith('.template.json'));
  const [name] = named;
  if (name === undefined || named.length > 1) throw new Error(`${directory} holds ${named.length} templates, not one`);
  const template: Template = JSON.parse(readFileSync(join(directory, name), 'utf8'));
  const pseudo: Record<string, string> = {
    'AWS::AccountId': place.account,
    'AWS::Region': place.region,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': name.replace('.template.json', ''),
  };

  function physical(id: string): Physical {
    const resource = template.Resources[id];
    if (resource === undefined) throw new Error(`the template has no resource ${id}`);
    return physicalOf(id, resource, place);
  }
  const reference = (id: string): string => pseudo[id] ?? physical(id).ref;
  function attribute(id: string, key: string): string {
    const value = physical(id).attributes[key];
    if (value === undefined) throw new Error(`nobody knows the ${key} of ${id}`);
    return value;
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first !== undefined && entries.length === 1 && /^(Ref$|Fn::)/.test(first[0])) return called(first[0], first[1]);
    return Object.fromEntries(entries.map(([key, inner]) => [key, resolve(inner)]));
  }
  function called(intrinsic: string, argument: unknown): unknown {
    if (intrinsic === 'Ref') return reference(String(argument));
    if (intrinsic === 'Fn::Sub') return substituted(argument);
    const list = resolve(argument);
    if (!Array.isArray(list)) throw new Error(`${intrinsic} wants a list`);
    const [first, second] = list;
    switch (intrinsic) {
      case 'Fn::GetAtt':
        return attribute(String(first), String(second));
      case 'Fn::Join':
        return listOf(second).join(String(first));
      case 'Fn::Split':
        return String(second).split(String(first));
      case 'Fn::Select':
        return listOf(second)[Number(first)];
      default:
        throw new Error(`${intrinsic} is not resolved here`);
    }
  }
  function substituted(argument: unknown): string {
    const [text, given] = Array.isArray(argument)
      ? [String(argument[0]), Object(resolve(argument[1]))]
      : [argument, {}];
    return String(text).replace(/\$\{([^}!]+)\}/g, (_, named: string) => {
      if (named in given) return String(given[named]);
      const [id = '', ...key] = named.split('.');
      return key.length === 0 ? reference(named) : attribute(id, key.join('.'));
    });
  }

  return {
    directory,
    of: (...types) =>
      Object.entries(template.Resources).flatMap(([id, resource]) =>
        types.includes(resource.Type) ? [{ id, resource, properties: Object(resolve(resource.Properties ?? {})) }] : [],
      ),
    physical,
    output: (named) => resolve(template.Outputs?.[named]?.Value),
  };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

function physicalOf(id: string, { Type, Properties = {} }: Resource, place: Place): Physical {
  const { account, region } = place;
  const arn = (service: string, what: string): string => `arn:aws:${service}:${region}:${account}:${what}`;
  const named = (name: string, Arn: string, more = {}): Physical => ({ ref: name, attributes: { Arn, ...more } });
  switch (Type) {
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable':
      return named(id, arn('dynamodb', `table/${id}`));
    case 'AWS::SQS::Queue':
      return named(place.queueUrl(id), arn('sqs', id), { QueueName: id });
    case 'AWS::SNS::Topic':
      return { ref: arn('sns', id), attributes: { TopicArn: arn('sns', id), TopicName: id } };
    case 'AWS::Scheduler::ScheduleGroup': {
      const name = String(Properties['Name'] ?? id);
      return named(name, arn('scheduler', `schedule-group/${name}`));
    }
    case 'AWS::Lambda::Function':
      return named(id, arn('lambda', `function:${id}`));
    case 'AWS::IAM::Role':
      return named(id, `arn:aws:iam::${account}:role/${id}`);
    case 'AWS::KMS::Key':
      return named(id, arn('kms', `key/${id}`));
    case 'AWS::IAM::ManagedPolicy':
      return { ref: `arn:aws:iam::${account}:policy/${id}`, attributes: {} };
    case 'AWS::SecretsManager::Secret':
      return { ref: arn('secretsmanager', `secret:${id}-AbCdEf`), attributes: {} };
    case 'AWS::Logs::LogGroup':
      return named(id, arn('logs', `log-group:${id}:*`));
    case 'AWS::ApiGatewayV2::Api':
      return { ref: id, attributes: { ApiId: id, ApiEndpoint: place.api_url } };
    default:
      return { ref: id, attributes: {} };
  }
}
