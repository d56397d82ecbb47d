/** What references become: `Id` for a Ref and `Id.Attribute` for a GetAtt, pseudo parameters by their names. */
export type Names = ReadonlyMap<string, string>;
export type Resource = { Type: string; Properties?: Record<string, unknown> };
export type Template = { Resources: Record<string, Resource> };
export type Place = { partition: string; account: string; region: string };

/** A value of a template with its references followed. Throws for a reference or a function that is not known. */
export function resolve(value: unknown, names: Names): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, names));
  if (typeof value !== 'object' || value === null) return value;
  const [[key, inner] = ['', undefined], ...more] = Object.entries(value);
  if (more.length === 0) {
    if (key === 'Ref') return named(String(inner), names);
    if (key === 'Fn::GetAtt') return named(Array.isArray(inner) ? inner.join('.') : String(inner), names);
    if (key === 'Fn::Join') return join(inner, names);
    if (key === 'Fn::Sub') return substitute(inner, names);
    if (key.startsWith('Fn::')) throw new Error(`${key} is not resolved here`);
  }
  return Object.fromEntries(Object.entries(value).map(([field, one]) => [field, resolve(one, names)]));
}

function named(name: string, names: Names): string {
  const found = names.get(name);
  if (found === undefined) throw new Error(`nobody says what ${name} is`);
  return found;
}

function join(inner: unknown, names: Names): string {
  const [separator, parts] = Array.isArray(inner) ? inner : [];
  if (typeof separator !== 'string' || !Array.isArray(parts)) throw new Error('Fn::Join of something else');
  return parts.map((part) => text(resolve(part, names))).join(separator);
}

function substitute(inner: unknown, names: Names): string {
  const [pattern, own = {}] = Array.isArray(inner) ? inner : [inner];
  const more = Object.entries(own).map(([name, value]): [string, string] => [name, text(resolve(value, names))]);
  const all = new Map([...names, ...more]);
  return String(pattern).replace(/\$\{(!?)([^}]+)\}/g, (_, literal: string, name: string) =>
    literal === '!' ? `\${${name}}` : named(name, all),
  );
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Error(`a part of a text is ${JSON.stringify(value)}`);
  return value;
}

/** Names as a deployment would have them: the logical id, unless the template says another. */
export function namesIn({ Resources }: Template, { partition, account, region }: Place): Map<string, string> {
  const arn = (service: string, rest: string, at = region): string =>
    `arn:${partition}:${service}:${at}:${account}:${rest}`;
  const known: Record<string, (name: string) => { ref: string; arn: string }> = {
    'AWS::DynamoDB::GlobalTable': (name) => ({ ref: name, arn: arn('dynamodb', `table/${name}`) }),
    'AWS::SQS::Queue': (name) => ({
      ref: `https://sqs.${region}.amazonaws.com/${account}/${name}`,
      arn: arn('sqs', name),
    }),
    'AWS::SNS::Topic': (name) => ({ ref: arn('sns', name), arn: arn('sns', name) }),
    'AWS::Scheduler::ScheduleGroup': (name) => ({ ref: name, arn: arn('scheduler', `schedule-group/${name}`) }),
    'AWS::Lambda::Function': (name) => ({ ref: name, arn: arn('lambda', `function:${name}`) }),
    // With the star: CloudFormation's own ARN of a log group.
    'AWS::Logs::LogGroup': (name) => ({ ref: name, arn: arn('logs', `log-group:${name}:*`) }),
    'AWS::IAM::Role': (name) => ({ ref: name, arn: arn('iam', `role/${name}`, '') }),
    'AWS::IAM::ManagedPolicy': (name) => ({
      ref: arn('iam', `policy/${name}`, ''),
      arn: arn('iam', `policy/${name}`, ''),
    }),
    'AWS::SecretsManager::Secret': (name) => {
      const named = arn('secretsmanager', `secret:${name}-AbCdEf`);
      return { ref: named, arn: named };
    },
    'AWS::KMS::Key': (name) => ({ ref: name, arn: arn('kms', `key/${name}`) }),
  };
  const names = new Map([
    ['AWS::Partition', partition],
    ['AWS::AccountId', account],
    ['AWS::Region', region],
  ]);
  for (const [id, { Type, Properties = {} }] of Object.entries(Resources)) {
    const own = Properties['Name'];
    const made = known[Type]?.(typeof own === 'string' ? own : id);
    if (made === undefined) continue;
    names.set(id, made.ref).set(`${id}.Arn`, made.arn);
    if (Type === 'AWS::SNS::Topic') names.set(`${id}.TopicArn`, made.arn);
  }
  return names;
}
