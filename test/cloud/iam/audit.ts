import { idsIn, place } from './deployment.ts';
import { type Ask, covers, evaluateAll, evaluateTrust } from './evaluate.ts';
import { callsOf, foreignAsks } from './needs.ts';
import { policiesOf, policiesOfRole, type RolePolicies, rolesIn } from './policies-of.ts';
import { asksOf } from './requests.ts';
import type { Names, Template } from './resolve.ts';
import { keyAsksOf, type ResourcePolicies, resourcePoliciesOf } from './resource-policies.ts';
import { pairsIn, patternOf, readStatements } from './statements.ts';

/** A role, all that it has to be able to do, and who takes it for what. */
type Expected = { name: string; policies: RolePolicies; needs: Ask[]; taker: Taker };
type Taker = { service: string; context: Ask['context'] };

/** Stars in what roles may do, each with its reason. */
export const reasonedStars: [RegExp, string][] = [
  [
    /^scheduler:(Create|Delete)Schedule on arn:aws:scheduler:[\w-]+:\d+:schedule\/UntilDone-Schedules-Group-\w+\/\*$/,
    'schedules are made at run time, in a group that has nothing else',
  ],
  [
    /^logs:(CreateLogStream|PutLogEvents) on arn:aws:logs:[\w-]+:\d+:log-group:UntilDone\w+Log\w+:\*$/,
    'the streams of the one log group: CloudFormation ends its ARN so',
  ],
];

/** Every difference between what the roles of a template may do and what they have to, in words; nothing if there is none. */
export function audit(template: Template, names: Names): string[] {
  const expected = expectedOf(template, names);
  const known = new Set(expected.map(({ policies }) => policies.role_id));
  const idle = rolesIn(template).filter((id) => !known.has(id));
  const resources = resourcePoliciesOf(template, names);
  const asked = [...expected.flatMap(({ needs }) => needs), ...foreignAsks(template, names)];
  return [
    ...expected.flatMap((one) => complaintsAbout(one, asked, resources)),
    ...openThings(resources),
    ...idle.flatMap((id) => {
      const { statements, managed } = policiesOfRole(template, names, id);
      return statements.length + managed.length > 0 ? [`${id} may do something, and nobody needs it`] : [];
    }),
  ];
}

/** The roles that do something: of the functions, of the schedules, of the sweep's schedule. */
export function expectedOf(template: Template, names: Names): Expected[] {
  const ids = idsIn(template);
  const arnOf = (id: string): string => names.get(`${id}.Arn`) ?? id;
  const functions = policiesOf(template, names);
  const calls = Object.entries(callsOf(template, names));
  const schedulerFor = (source: string): Taker => ({
    service: 'scheduler.amazonaws.com',
    context: { 'aws:SourceAccount': place.account, 'aws:SourceArn': source },
  });
  const asks = (action: string, ...resources: string[]): Ask[] =>
    resources.map((resource) => ({ action, resource, context: {} }));
  const resources = resourcePoliciesOf(template, names);
  const withKeys = (one: Expected): Expected => ({
    ...one,
    needs: one.needs.flatMap((ask) => [ask, ...keyAsksOf(ask, resources)]),
  });
  return [
    ...calls.map(([name, requests]): Expected => {
      const policies = functions[ids.functions[name as keyof typeof ids.functions].fn]; // the names it was made of
      if (policies === undefined) throw new Error(`${name} has no role`);
      const needs = requests.flatMap((request) => asksOf(request, place));
      return { name, policies, needs, taker: { service: 'lambda.amazonaws.com', context: {} } };
    }),
    {
      name: 'schedules',
      policies: policiesOfRole(template, names, ids.scheduleRole),
      needs: asks('sqs:SendMessage', arnOf(ids.ticks), arnOf(ids.deadSchedules)),
      taker: schedulerFor(arnOf(ids.group)),
    },
    {
      name: 'sweep schedule',
      policies: policiesOfRole(template, names, ids.sweepRole),
      needs: asks('lambda:InvokeFunction', arnOf(ids.functions.sweep.fn)),
      taker: schedulerFor(`arn:aws:scheduler:${place.region}:${place.account}:schedule-group/default`),
    },
  ].map(withKeys);
}

function complaintsAbout(
  { name, policies, needs, taker }: Expected,
  asked: readonly Ask[],
  resources: ResourcePolicies,
): string[] {
  const { statements, trust, managed, boundary, role_arn } = policies;
  const needed = new Set(needs.map(spelled));
  const allowed = (ask: Ask): boolean => {
    const resource = resources.statements.get(ask.resource) ?? null;
    const overTls = { ...ask, context: { 'aws:SecureTransport': 'true', ...ask.context } };
    return evaluateAll({ identity: statements, boundary, resource }, overTls, role_arn) === 'allowed';
  };
  return [
    ...needs.filter((ask) => !allowed(ask)).map((ask) => `${name} may not ${spelled(ask)}`),
    ...asked.filter((ask) => !needed.has(spelled(ask)) && allowed(ask)).map((ask) => `${name} may ${spelled(ask)}`),
    ...pairsIn(statements)
      .filter((pair) => pair.effect === 'Allow' && !needs.some((ask) => covers(pair, ask)))
      .map((pair) => `${name} never uses ${patternOf(pair)}`),
    ...pairsIn(statements)
      .map(patternOf)
      .filter((pattern) => pattern.includes('*') && !reasonedStars.some(([known]) => known.test(pattern)))
      .map((pattern) => `${name} has a star without a reason: ${pattern}`),
    ...managed.map((arn) => `${name} has the managed policy ${arn}`),
    ...(evaluateTrust(trust, taker) === 'allowed' ? [] : [`${name} cannot be taken by ${taker.service}`]),
    ...strangersTo(taker)
      .filter((stranger) => evaluateTrust(trust, stranger) === 'allowed')
      .map(({ service, context }) => `${name} can be taken by ${service} for ${JSON.stringify(context)}`),
  ];
}

/** Queues and topics that would answer without TLS to who has every right, and those that let in others than our roles. */
function openThings({ statements }: ResourcePolicies): string[] {
  const identity = readStatements({ Statement: { Effect: 'Allow', Action: '*', Resource: '*' } });
  const everybody = `arn:aws:iam::${place.account}:role/Administrator`;
  return [...statements].flatMap(([resource, own]) => {
    const service = resource.split(':')[2] ?? '';
    if (service === 'kms') return [];
    const action = service === 'sns' ? 'sns:Publish' : 'sqs:SendMessage';
    const plain = { action, resource, context: { 'aws:SecureTransport': 'false' } };
    const lets = own.filter(({ effect }) => effect === 'Allow').flatMap(({ principals }) => principals ?? []);
    return [
      ...(evaluateAll({ identity, boundary: null, resource: own }, plain, everybody) === 'denied'
        ? []
        : [`${resource} can be used without TLS`]),
      ...lets.map((principal) => `${resource} lets ${principal} in`),
    ];
  });
}

/** Other services for the same, and the same service for others: another account, another source, nobody named. */
function strangersTo({ service, context }: Taker): Taker[] {
  const others = ['lambda.amazonaws.com', 'scheduler.amazonaws.com', 'ec2.amazonaws.com'];
  return [
    ...others.filter((other) => other !== service).map((other) => ({ service: other, context })),
    ...Object.keys(context).flatMap((key) => [
      { service, context: { ...context, [key]: `${context[key]}9` } },
      { service, context: Object.fromEntries(Object.entries(context).filter(([other]) => other !== key)) },
    ]),
  ];
}

function spelled({ action, resource, context }: Ask): string {
  const conditions = Object.entries(context).map(([key, value]) => ` with ${key} ${value}`);
  return `${action} on ${resource}${conditions.join('')}`;
}
