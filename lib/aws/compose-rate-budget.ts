import { createLeasedRateBudget } from '../transports/leased-rate-budget.ts';
import type { RateBudget } from '../transports/rate-budget.ts';
import { createDynamoRateLeases, type DynamoRateLeasesOptions } from './dynamo-rate-leases.ts';

/** The pace of a connection that all functions share: a module that they load with the first call of one that has a rate. */
export const rateBudgetOn = (options: DynamoRateLeasesOptions, rate_per_minute: number): RateBudget =>
  createLeasedRateBudget({ leases: createDynamoRateLeases(options), rate_per_minute, now: options.now });
