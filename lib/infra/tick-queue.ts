import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { env } from '../env.ts';
import { GuardedQueue } from './guarded-queue.ts';
import type { HandlerFunction } from './handler-function.ts';

export type TickQueueProps = {
  /** Of the poll function. */
  functionTimeout: Duration;
  encryptionKey?: IKey | undefined;
};

/** The one way in for ticks: of the chain, which carry their own delay, and of the heartbeats. */
export class TickQueue extends Construct {
  readonly #guarded: GuardedQueue;
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, props: TickQueueProps) {
    super(scope, id);
    // An hour holds the longest delay and every redelivery; after an outage, older heartbeats would only come in crowds.
    this.#guarded = new GuardedQueue(this, 'Ticks', { ...props, retention: Duration.hours(1) });
    this.queue = this.#guarded.queue;
    this.deadLetters = this.#guarded.deadLetters;
  }

  /** Sending ticks. */
  grantSend(fn: HandlerFunction): void {
    this.#guarded.grantSend(fn, env.tickQueueUrl);
  }

  /** Feeds the poll function. */
  feed(fn: HandlerFunction, options: { enabled: boolean; concurrency?: number | undefined }): void {
    this.#guarded.feed(fn, options);
  }
}
