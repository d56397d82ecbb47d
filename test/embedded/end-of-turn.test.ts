import { expect, it } from 'vitest';
import { createEndOfTurn } from '../../bin/end-of-turn.ts';

it('those who ask in one turn go on together, a step at a time, and who asks later in a turn of their own', async () => {
  const endOfTurn = createEndOfTurn();
  const steps: string[] = [];
  async function serve(name: string): Promise<void> {
    await endOfTurn();
    steps.push(`${name} begins`);
    await Promise.resolve();
    steps.push(`${name} ends`);
  }
  const both = Promise.all([serve('first'), serve('second')]);
  await Promise.resolve();
  expect(steps).toEqual([]);
  await both;
  expect(steps).toEqual(['first begins', 'second begins', 'first ends', 'second ends']);
  const third = serve('third');
  await Promise.resolve();
  expect(steps).toHaveLength(4);
  await third;
  expect(steps.slice(4)).toEqual(['third begins', 'third ends']);
});
