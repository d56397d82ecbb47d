import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { indexes } from '../env.ts';
import { allActiveShards, jobIdIn } from './dynamo-layout.ts';
import { openTable } from './dynamo-table.ts';

/** The jobs that run or owe something, as the sparse index has them: a moment late. */
export type ActiveJobs = {
  /** Ids, a page at a time, shard by shard. */
  pages(): AsyncIterable<readonly string[]>;
};

/** Ids a page: whoever reads the jobs themselves does so page by page. */
const pageSize = 100;

/** Reads the index `active-jobs`, partition by partition, each by owner and age. */
export function createDynamoActiveJobs({
  documents,
  table,
}: {
  documents: DynamoDBDocumentClient;
  table: string;
}): ActiveJobs {
  const { query } = openTable(documents, table);
  async function* pages(): AsyncGenerator<readonly string[]> {
    for (const shard of allActiveShards())
      for await (const { rows } of query({
        IndexName: indexes.active,
        Limit: pageSize,
        where: { text: '#active_shard = :shard', values: { ':shard': shard } },
      }))
        if (rows.length > 0) yield rows.map((row) => jobIdIn(String(row['active_job'])));
  }
  return { pages };
}
