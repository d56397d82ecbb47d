import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { HandlerFunction } from './handler-function.ts';

export type GuardedQueueProps = {
  /** Of the function that is fed from it. */
  functionTimeout: Duration;
  retention: Duration;
  encryptionKey?: IKey | undefined;
};

/** Messages that failed this often are poison, and go to the dead letters. AWS asks for at least five. */
const maxReceives = 5;

/** Checks at once, as batches: 40 of them keep up with 60,000 jobs at a minute each. */
const usualConcurrency = 40;

/** A standard queue with its dead letters, TLS only, fed to one function that names the messages it failed on. */
export class GuardedQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, props: GuardedQueueProps) {
    super(scope, id);
    this.#key = props.encryptionKey;
    this.deadLetters = deadLetterQueue(this, 'DeadLetters', props.encryptionKey);
    this.queue = new Queue(this, 'Queue', {
      ...encryption(props.encryptionKey),
      enforceSSL: true,
      retentionPeriod: props.retention,
      // Six timeouts: Lambda may hold a message back that long before it gives up invoking.
      visibilityTimeout: Duration.seconds(6 * props.functionTimeout.toSeconds()),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceives },
    });
  }

  /** Sending; the variable names the queue. */
  grantSend(fn: HandlerFunction, variable: string): void {
    fn.allow(['sqs:SendMessage'], [this.queue.queueArn], { [variable]: this.queue.queueUrl });
    this.#allowKey(fn);
  }

  /** Putting what was given up with the dead letters. */
  grantGiveUp(fn: HandlerFunction, variable: string): void {
    fn.allow(['sqs:SendMessage'], [this.deadLetters.queueArn], { [variable]: this.deadLetters.queueUrl });
    this.#allowKey(fn);
  }

  /** Feeds the function, ten messages at a time. `enabled: false` is the kill switch. */
  feed(fn: HandlerFunction, { enabled, concurrency }: { enabled: boolean; concurrency?: number | undefined }): void {
    // What Lambda's poller does in the function's name; CDK's own grant would add more than it uses.
    fn.allow(['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage'], [this.queue.queueArn]);
    this.#allowKey(fn);
    fn.fn.addEventSourceMapping('Queue', {
      eventSourceArn: this.queue.queueArn,
      batchSize: 10,
      enabled,
      maxConcurrency: concurrency ?? usualConcurrency,
      reportBatchItemFailures: true,
    });
  }

  #allowKey(fn: HandlerFunction): void {
    if (this.#key !== undefined) fn.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [this.#key.keyArn]);
  }
}

/** A queue for what nobody could process, kept for two weeks. */
export function deadLetterQueue(scope: Construct, id: string, encryptionKey: IKey | undefined): Queue {
  return new Queue(scope, id, { ...encryption(encryptionKey), enforceSSL: true, retentionPeriod: Duration.days(14) });
}

const encryption = (key: IKey | undefined) =>
  key === undefined
    ? { encryption: QueueEncryption.SQS_MANAGED }
    : { encryption: QueueEncryption.KMS, encryptionMasterKey: key };
