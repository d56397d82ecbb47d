import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, ProjectionType, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { env, indexes } from '../env.ts';
import type { HandlerFunction } from './handler-function.ts';

export type JobTableProps = { removalPolicy: RemovalPolicy; encryptionKey?: IKey | undefined };

/**
 * One table for jobs, inbox and deliveries, on demand. Records go by TTL; what a mistake destroys comes back from the
 * point-in-time recovery of the last 35 days.
 *
 *   pk, sk                       every item
 *   active_shard, active_job     active-jobs: only jobs that run or owe something, by owner and age
 *   owner_shard, created         jobs-of-owner: only jobs that have ended, by age
 *
 * Both project what a list filters by, as far as it never changes: an entry is written when it comes and when it goes.
 */
export class JobTable extends Construct {
  readonly table: TableV2;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, { removalPolicy, encryptionKey }: JobTableProps) {
    super(scope, id);
    this.#key = encryptionKey;
    const text = (name: string) => ({ name, type: AttributeType.STRING });
    this.table = new TableV2(this, 'Table', {
      partitionKey: text('pk'),
      sortKey: text('sk'),
      billing: Billing.onDemand(),
      globalSecondaryIndexes: [
        {
          indexName: indexes.owner,
          partitionKey: text('owner_shard'),
          sortKey: text('created'),
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: ['status', 'kind'],
        },
        {
          indexName: indexes.active,
          partitionKey: text('active_shard'),
          sortKey: text('active_job'),
          projectionType: ProjectionType.INCLUDE,
          nonKeyAttributes: ['kind'],
        },
      ],
      timeToLiveAttribute: 'expires_at',
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
      removalPolicy,
      ...(encryptionKey === undefined ? {} : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey) }),
    });
  }

  /** Reading jobs, inboxes and deliveries. */
  grantRead(fn: HandlerFunction): void {
    this.#allow(fn, ['dynamodb:Query'], this.table.tableArn);
  }

  /** Reading them and writing single items. */
  grantReadWrite(fn: HandlerFunction): void {
    this.#allow(fn, ['dynamodb:PutItem', 'dynamodb:Query', 'dynamodb:UpdateItem'], this.table.tableArn);
  }

  /** Changing items that are there or not, unread: what a delivery came to. */
  grantUpdate(fn: HandlerFunction): void {
    this.#allow(fn, ['dynamodb:UpdateItem'], this.table.tableArn);
  }

  /** Listing the jobs of an owner, active and ended. */
  grantListOwned(fn: HandlerFunction): void {
    this.grantListActive(fn);
    this.#allow(fn, ['dynamodb:Query'], `${this.table.tableArn}/index/${indexes.owner}`);
  }

  /** Counting the active jobs of an owner, or listing those of all. */
  grantListActive(fn: HandlerFunction): void {
    this.#allow(fn, ['dynamodb:Query'], `${this.table.tableArn}/index/${indexes.active}`);
  }

  #allow(fn: HandlerFunction, actions: string[], resource: string): void {
    fn.allow(actions, [resource], { [env.jobTable]: this.table.tableName });
    // DynamoDB asks for the key on behalf of the caller.
    if (this.#key !== undefined) fn.allow(['kms:Decrypt'], [this.#key.keyArn]);
  }
}
