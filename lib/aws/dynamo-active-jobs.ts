import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { indexes } from '../env.ts';

/** The jobs that run or owe something, as the sparse index has them: a moment late. */
export type ActiveJobs = {
  /** Ids, a page at a time, shard by shard. */
  pages(): AsyncIterable<readonly string[]>;
};

/** Shards of the index, so that starts do not all write to one partition. */
const shards = 16;
/** Ids a page: whoever reads the jobs themselves does so page by page. */
const pageSize = 100;

/** Reads the index `active-jobs`: partition `ACTIVE#<0..15>`, sorted by job id. */
export function createDynamoActiveJobs({
  documents,
  table,
}: {
  documents: DynamoDBDocumentClient;
  table: string;
}): ActiveJobs {
  async function* pages(): AsyncGenerator<readonly string[]> {
    for (let shard = 0; shard < shards; shard += 1) {
      let start: Record<string, unknown> | undefined;
      do {
        const page = await documents.send(
          new QueryCommand({
            TableName: table,
            IndexName: indexes.active,
            KeyConditionExpression: 'active_shard = :shard',
            ExpressionAttributeValues: { ':shard': `ACTIVE#${shard}` },
            ProjectionExpression: 'job_id',
            Limit: pageSize,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        const items = page.Items ?? [];
        if (items.length > 0) yield items.map((item) => String(item['job_id']));
        start = page.LastEvaluatedKey;
      } while (start !== undefined);
    }
  }
  return { pages };
}
