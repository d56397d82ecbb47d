import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDynamoActiveJobs } from '../../lib/aws/dynamo-active-jobs.ts';
import { activeKeys } from '../../lib/aws/dynamo-layout.ts';
import { dynamoWorld } from '../cloud/dynamo/dynamo-world.ts';
import { settleOf } from '../cloud/dynamo/jobs.ts';
import { aJob, jobId, owedBy } from '../contracts/records.ts';

let world: Awaited<ReturnType<typeof dynamoWorld>>;
beforeAll(async () => {
  world = await dynamoWorld();
});
afterAll(() => world.close());

async function listed(table: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of createDynamoActiveJobs({ documents: world.connect(), table }).pages()) found.push(...page);
  return found.sort();
}

describe('the jobs a sweep looks at', () => {
  it('are those that run or owe something, of every owner', async () => {
    const { store, table } = await world.freshTable();
    const [running, owing, settled] = [1, 2, 3].map((number) => aJob({ number, owner: `owner ${number}` }));
    if (running === undefined || owing === undefined || settled === undefined) throw new Error('three jobs');
    await Promise.all([running, owing, settled].map((job) => store.create(job)));
    await store.save(settleOf(owing, { owe: [owedBy(owing)] }));
    await store.save(settleOf(settled, { owe: [] }));
    expect(await listed(table)).toEqual([running.job_id, owing.job_id]);
  });
  it('are found wherever the layout puts them', async () => {
    const { store, table } = await world.freshTable();
    const numbers = Array.from({ length: 60 }, (_, number) => number);
    const jobs = numbers.map((number) => aJob({ number, owner: `owner ${number * 31}` }));
    expect(new Set(jobs.map((job) => activeKeys(job.owner, job).active_shard)).size).toBe(16);
    await Promise.all(jobs.map((job) => store.create(job)));
    expect(await listed(table)).toEqual(numbers.map(jobId).sort());
  });
});
