/** One statement of a policy, read strictly: what the evaluator cannot weigh is an error, never a permission. */
export type Statement = {
  effect: 'Allow' | 'Deny';
  actions: readonly string[];
  /** Null in trust policies, which are about the role they belong to. */
  resources: readonly string[] | null;
  /** Services by their names, roles and accounts by their ARNs, `*` for everybody; null in the policies of a role. */
  principals: readonly string[] | null;
  conditions: readonly Condition[];
};
export type Condition = { operator: Operator; if_exists: boolean; key: string; values: readonly string[] };

/** The operators that our templates use, and the few beside them that a reader would reach for next. */
const operators = ['StringEquals', 'StringLike', 'ArnEquals', 'ArnLike', 'Bool'] as const;
export type Operator = (typeof operators)[number];

const elements = ['Sid', 'Effect', 'Action', 'Resource', 'Principal', 'Condition'];

/** Reads a policy document whose intrinsics are resolved. Throws for everything that is not understood in full. */
export function readStatements(document: unknown): Statement[] {
  return listOf(fieldsOf(document, 'the policy')['Statement']).map(readStatement);
}

/** One statement for each action on each resource. */
export const pairsIn = (statements: readonly Statement[]): Statement[] =>
  statements.flatMap((statement) =>
    statement.actions.flatMap((action) =>
      (statement.resources ?? []).map((resource) => ({ ...statement, actions: [action], resources: [resource] })),
    ),
  );

/** Such a pair as it reads. */
export const patternOf = ({ actions, resources }: Statement): string =>
  `${actions.join()} on ${(resources ?? []).join()}`;

function readStatement(value: unknown): Statement {
  const given = fieldsOf(value, 'a statement');
  for (const element of Object.keys(given))
    if (!elements.includes(element)) throw new Error(`the evaluator does not support ${element}`);
  const { Effect, Action, Resource, Principal, Condition } = given;
  if (Effect !== 'Allow' && Effect !== 'Deny') throw new Error(`got the effect ${String(Effect)}`);
  const statement: Statement = {
    effect: Effect,
    actions: textsOf(Action, 'Action'),
    resources: Resource === undefined ? null : textsOf(Resource, 'Resource'),
    principals: Principal === undefined ? null : principalsOf(Principal),
    conditions: Condition === undefined ? [] : conditionsOf(Condition),
  };
  if (statement.resources === null && statement.principals === null)
    throw new Error('a statement names neither a resource nor a principal');
  return statement;
}

function principalsOf(value: unknown): string[] {
  if (value === '*') return ['*'];
  return Object.entries(fieldsOf(value, 'Principal')).flatMap(([kind, named]) => {
    if (kind === 'Service') return textsOf(named, 'Principal');
    if (kind === 'AWS') return textsOf(named, 'Principal');
    throw new Error(`the evaluator does not support the principal ${kind}: ${JSON.stringify(named)}`);
  });
}

function conditionsOf(value: unknown): Condition[] {
  return Object.entries(fieldsOf(value, 'Condition')).flatMap(([spelled, tests]) => {
    const if_exists = spelled.endsWith('IfExists');
    const operator = operators.find((known) => known === (if_exists ? spelled.slice(0, -'IfExists'.length) : spelled));
    if (operator === undefined) throw new Error(`the evaluator does not support the operator ${spelled}`);
    return Object.entries(fieldsOf(tests, spelled)).map(([key, values]) => ({
      operator,
      if_exists,
      key,
      values: textsOf(values, key),
    }));
  });
}

function fieldsOf(value: unknown, what: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what} is no object`);
  return { ...value };
}

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);

/** Booleans are texts to IAM; an empty list would match nothing, which nobody means. */
function textsOf(value: unknown, what: string): string[] {
  const texts = listOf(value).map((one) => {
    if (typeof one !== 'string' && typeof one !== 'boolean')
      throw new Error(`${what} is unresolved: ${JSON.stringify(one)}`);
    return String(one);
  });
  if (texts.length === 0) throw new Error(`${what} is empty`);
  const variable = texts.find((text) => text.includes('${'));
  if (variable !== undefined) throw new Error(`the evaluator does not support policy variables: ${variable}`);
  return texts;
}
