import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { audit, expectedOf, reasonedStars } from './audit.ts';
import { deployed } from './deployment.ts';
import { evaluate } from './evaluate.ts';
import { callsOf, foreignAsks } from './needs.ts';
import { pairsIn, patternOf } from './statements.ts';

const { template, names } = deployed();
const roles = expectedOf(template, names);
const foreign = foreignAsks(template, names);

describe('the roles of a deployment', () => {
  for (const { name, policies, needs } of roles) {
    it(`${name}: is allowed all that it does`, () => {
      expect(needs.filter((ask) => evaluate(policies.statements, ask) !== 'allowed')).toEqual([]);
    });
    it(`${name}: is refused what is not ours, and what nobody does`, () => {
      expect(foreign.filter((ask) => evaluate(policies.statements, ask) === 'allowed')).toEqual([]);
    });
  }
  it('are allowed exactly what they do, and taken only by whom they are for', () => {
    expect(audit(template, names)).toEqual([]);
  });
  it('need every star that has a reason', () => {
    const patterns = roles.flatMap(({ policies }) => pairsIn(policies.statements).map(patternOf));
    for (const [known, why] of reasonedStars)
      expect(
        patterns.some((pattern) => known.test(pattern)),
        why,
      ).toBe(true);
  });
});

describe('the calls of the adapters', () => {
  const sources = globSync('lib/aws/*.ts').map((path) => readFileSync(path, 'utf8'));
  const commands = new Set(
    sources.flatMap((text) => [...text.matchAll(/new (\w+)Command\(/g)].map(([, name = '']) => name)),
  );
  const called = new Set(
    Object.values(callsOf(template, names)).flatMap((calls) => calls.map((call) => call.operation)),
  );
  /** The document client calls items by shorter names. */
  const documents: Record<string, string> = {
    Put: 'PutItem',
    Update: 'UpdateItem',
    Get: 'GetItem',
    Delete: 'DeleteItem',
  };
  const operations = [...commands].map((command) => documents[command] ?? command);
  /** Called in a function's name by the Lambda service. */
  const byLambda = ['CreateLogStream', 'PutLogEvents', 'ReceiveMessage', 'DeleteMessageBatch', 'GetQueueAttributes'];

  it('are all expected of some function', () => {
    expect(operations.filter((operation) => !called.has(operation))).toEqual([]);
  });
  it('are all that is expected, apart from what Lambda calls itself', () => {
    const unmade = [...called].filter((operation) => !operations.includes(operation) && !byLambda.includes(operation));
    expect(unmade).toEqual([]);
  });
});
