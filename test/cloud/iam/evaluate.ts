import type { Condition, Operator, Statement } from './statements.ts';

/** What somebody wants to do, in IAM's words. */
export type Ask = {
  /** `sqs:SendMessage` */
  action: string;
  resource: string;
  /** Condition keys of the request. */
  context: Readonly<Record<string, string>>;
};
export type Verdict = 'allowed' | 'not allowed' | 'denied';

/**
 * Weighs one request as IAM does within one account: a Deny that applies wins, an Allow is needed, nothing else counts.
 *
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
 */
export function evaluate(statements: readonly Statement[], ask: Ask): Verdict {
  return weigh(statements, (statement) => covers(statement, ask));
}

/** Everything that has a say in what somebody may do with one thing of the same account. */
export type Policies = {
  /** Of the role that asks; nothing for a service, which has none. */
  identity: readonly Statement[];
  /** The most that the role may do; null without one. */
  boundary: readonly Statement[] | null;
  /** Of the queue, topic or key itself; null when it has none, or is from elsewhere. */
  resource: readonly Statement[] | null;
};

/**
 * Weighs a request by all policies together. A Deny in any of them wins. A role needs an Allow of its own or by name in the
 * policy of the thing, within its boundary; a key's own policy has to let the account's policies count first.
 *
 * `caller`: the ARN of a role, or the name of a service.
 */
export function evaluateAll({ identity, boundary, resource }: Policies, ask: Ask, caller: string): Verdict {
  const account = `arn:aws:iam::${caller.split(':')[4] ?? ''}:root`;
  const about = (statements: readonly Statement[], names: readonly string[]): readonly Statement[] =>
    statements
      .filter(({ principals }) => principals?.some((one) => one === '*' || names.includes(one)))
      .map((statement) => ({ ...statement, principals: null }));
  const all = [
    evaluate(identity, ask),
    boundary === null ? 'allowed' : evaluate(boundary, ask),
    evaluate(about(resource ?? [], [caller]), ask),
    evaluate(about(resource ?? [], [account]), ask),
  ] as const;
  if (all.includes('denied')) return 'denied';
  const [byRole, bounded, byName, byAccount] = all;
  const counts = !ask.action.startsWith('kms:') || resource === null || byAccount === 'allowed';
  const granted = (byRole === 'allowed' && counts) || byName === 'allowed';
  return granted && bounded === 'allowed' ? 'allowed' : 'not allowed';
}

/** Whether a service may take a role: the same, by the role's trust policy. */
export function evaluateTrust(
  statements: readonly Statement[],
  { service, context }: { service: string; context: Ask['context'] },
): Verdict {
  return weigh(
    statements,
    ({ principals, actions, conditions }) =>
      (principals ?? []).some((principal) => principal === '*' || principal === service) &&
      actions.some((action) => matchesAction(action, 'sts:AssumeRole')) &&
      conditions.every((condition) => holds(condition, context)),
  );
}

/** Whether a statement is about this request, whatever it says of it. */
export function covers({ actions, resources, principals, conditions }: Statement, ask: Ask): boolean {
  if (resources === null) throw new Error('a trust policy is no policy of a role');
  if (principals !== null && !principals.includes('*'))
    throw new Error('the evaluator does not support single principals of a resource policy');
  return (
    actions.some((action) => matchesAction(action, ask.action)) &&
    resources.some((resource) => matchesResource(resource, ask.resource)) &&
    conditions.every((condition) => holds(condition, ask.context))
  );
}

function weigh(statements: readonly Statement[], applies: (statement: Statement) => boolean): Verdict {
  const effects = statements.filter(applies).map(({ effect }) => effect);
  if (effects.includes('Deny')) return 'denied';
  return effects.includes('Allow') ? 'allowed' : 'not allowed';
}

function holds({ operator, if_exists, key, values }: Condition, context: Ask['context']): boolean {
  const name = Object.keys(context).find((known) => known.toLowerCase() === key.toLowerCase());
  const actual = name === undefined ? undefined : context[name];
  if (actual === undefined) return if_exists;
  return values.some((wanted) => compare[operator](wanted, actual));
}

const compare: Record<Operator, (wanted: string, actual: string) => boolean> = {
  StringEquals: (wanted, actual) => wanted === actual,
  StringLike: (wanted, actual) => matches(wanted, actual),
  // IAM makes no difference between the two.
  ArnEquals: matchesArn,
  ArnLike: matchesArn,
  Bool: (wanted, actual) => wanted.toLowerCase() === actual.toLowerCase(),
};

const matchesAction = (pattern: string, action: string): boolean =>
  matches(pattern.toLowerCase(), action.toLowerCase());

/** A star goes beyond a colon only where it ends a part of the ARN. */
const matchesResource = (pattern: string, resource: string): boolean =>
  matches(pattern, resource, (next) => (next === ':' || next === '' ? '.*' : '[^:]*'), '[^:]');

/** Part by part; the sixth is all the rest. */
function matchesArn(pattern: string, arn: string): boolean {
  const [wanted, actual] = [partsOf(pattern), partsOf(arn)];
  return wanted.length === actual.length && wanted.every((part, at) => matches(part, actual[at] ?? ''));
}

function partsOf(arn: string): string[] {
  const parts = arn.split(':');
  return [...parts.slice(0, 5), parts.slice(5).join(':')];
}

/** `*` is any text and `?` any one character; the rest is as it is written. */
function matches(pattern: string, text: string, star: (next: string) => string = () => '.*', one = '.'): boolean {
  const source = [...pattern]
    .map((char, at, all) => {
      if (char === '*') return star(all[at + 1] ?? '');
      return char === '?' ? one : char.replace(/[\\^$.+()|[\]{}/-]/, '\\$&');
    })
    .join('');
  return new RegExp(`^${source}$`, 's').test(text);
}
