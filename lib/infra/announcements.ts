import { Duration } from 'aws-cdk-lib';
import { SlackChannelConfiguration } from 'aws-cdk-lib/aws-chatbot';
import { Effect, ManagedPolicy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type ITopic, SubscriptionFilter, Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { EventType } from '../core/job.ts';
import { env, peopleAttribute } from '../env.ts';
import { GuardedQueue } from './guarded-queue.ts';
import type { HandlerFunction } from './handler-function.ts';

/** A channel of a workspace that was authorised once, by hand, in the console of Amazon Q Developer in chat applications. */
export type SlackChannel = { workspaceId: string; channelId: string };

export type AnnouncementsProps = {
  /** Names the Slack channel's configuration, which cannot be renamed. */
  service: string;
  emails: readonly string[];
  emailsOn: readonly EventType[];
  slackChannel?: SlackChannel | undefined;
  existingTopic?: ITopic | undefined;
  /** Of the deliver function. */
  functionTimeout: Duration;
  encryptionKey?: IKey | undefined;
};

/** Where outcomes go: the topic for people and machines, one in Slack's own words, and the queue of single deliveries. */
export class Announcements extends Construct {
  readonly outcomes: ITopic;
  readonly chat: ITopic | undefined;
  readonly deliveryQueue: Queue;
  readonly deadLetters: Queue;
  readonly #deliveries: GuardedQueue;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, props: AnnouncementsProps) {
    super(scope, id);
    this.#key = props.encryptionKey;
    const encryption = props.encryptionKey === undefined ? {} : { masterKey: props.encryptionKey };
    this.outcomes = props.existingTopic ?? new Topic(this, 'Outcomes', { enforceSSL: true, ...encryption });
    const allowlist = props.emailsOn.map((type) => `job.${type}`);
    for (const email of props.emails)
      this.outcomes.addSubscription(
        new EmailSubscription(email, {
          filterPolicy: {
            event_type: SubscriptionFilter.stringFilter({ allowlist }),
            [peopleAttribute.name]: SubscriptionFilter.notExistsFilter(),
          },
        }),
      );
    if (props.slackChannel !== undefined) {
      this.chat = new Topic(this, 'Chat', { enforceSSL: true, ...encryption });
      this.#talkTo(props.slackChannel, this.chat, props.service);
    }
    this.#deliveries = new GuardedQueue(this, 'Deliveries', {
      functionTimeout: props.functionTimeout,
      encryptionKey: props.encryptionKey,
      retention: Duration.days(4),
    });
    this.deliveryQueue = this.#deliveries.queue;
    this.deadLetters = this.#deliveries.deadLetters;
  }

  /** Publishing, and handing deliveries over. */
  grantPublish(fn: HandlerFunction): void {
    fn.allow(['sns:Publish'], [this.outcomes.topicArn], { [env.outcomesTopicArn]: this.outcomes.topicArn });
    if (this.chat !== undefined)
      fn.allow(['sns:Publish'], [this.chat.topicArn], { [env.chatTopicArn]: this.chat.topicArn });
    if (this.#key !== undefined) fn.allow(['kms:Decrypt', 'kms:GenerateDataKey'], [this.#key.keyArn]);
    this.#deliveries.grantSend(fn, env.deliveryQueueUrl);
  }

  /** Feeds the deliver function, which sends a delivery again until its next attempt is due, or gives it up. */
  feed(fn: HandlerFunction, options: { enabled: boolean; concurrency?: number | undefined }): void {
    this.#deliveries.feed(fn, options);
    this.#deliveries.grantSend(fn, env.deliveryQueueUrl);
    this.#deliveries.grantGiveUp(fn, env.deliveryDeadLetterUrl);
  }

  #talkTo({ workspaceId, channelId }: SlackChannel, topic: ITopic, service: string): void {
    // Without a guardrail of its own a channel may do what AdministratorAccess may. Notifications need no right at all.
    const guardrail = new ManagedPolicy(this, 'ChatGuardrail', {
      description: 'untildone: who is in the Slack channel may do nothing in this account',
      statements: [new PolicyStatement({ effect: Effect.DENY, actions: ['*'], resources: ['*'] })],
    });
    new SlackChannelConfiguration(this, 'SlackChannel', {
      slackChannelConfigurationName: `${service}-outcomes`,
      slackWorkspaceId: workspaceId,
      slackChannelId: channelId,
      notificationTopics: [topic],
      guardrailPolicies: [guardrail],
    });
  }
}
