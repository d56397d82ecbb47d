import { afterAll, beforeAll } from 'vitest';
import { createDynamoRateLeases } from '../../lib/aws/dynamo-rate-leases.ts';
import { createLeasedRateBudget } from '../../lib/transports/leased-rate-budget.ts';
import { burstOf, createRateBudget } from '../../lib/transports/rate-budget.ts';
import { dynamoWorld } from '../cloud/dynamo/dynamo-world.ts';
import { rateBudgetContract } from './rate-budget-contract.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

rateBudgetContract('one process', (rate) =>
  Promise.resolve({ open: () => createRateBudget(rate), at: () => undefined, most_in_a_minute: rate + burstOf(rate) }),
);

rateBudgetContract('DynamoDB', async (rate_per_minute) => {
  const { table } = await world.freshTable();
  let now_ms = 0;
  const now = (): number => now_ms;
  const open = () => {
    const leases = createDynamoRateLeases({ documents: world.connect(), table, connection: 'ci', now });
    return createLeasedRateBudget({ leases, rate_per_minute, now });
  };
  const at = (time_ms: number): void => {
    now_ms = time_ms;
  };
  return { open, at, most_in_a_minute: rate_per_minute };
});
