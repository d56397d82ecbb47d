import { sendSlack } from '../announce/slack-webhook.ts';
import type { Teller } from '../announce/tell-target.ts';
import { sendWebhook } from '../announce/webhook.ts';
import { targetSecret } from '../core/target-secret.ts';
import { env } from '../env.ts';
import { createNodeDispatchers } from '../transports/node-dispatchers.ts';
import { createSqsClient } from './clients.ts';
import { tableOf } from './compose.ts';
import { composeSecrets } from './compose-secrets.ts';
import { createDynamoDeliveries } from './dynamo-deliveries.ts';
import { clock, type Environment, needed } from './environment.ts';
import { readShipped } from './shipped-configuration.ts';
import { createSqsDeliveries } from './sqs-deliveries.ts';

/** The deliver function. Mail is no target here: SNS sends it. */
export function composeDeliver(environment: Environment = process.env) {
  const { configuration, targets } = readShipped();
  const sqs = createSqsClient();
  const queueNamed = (name: string) => createSqsDeliveries({ sqs, queue_url: needed(environment, name), clock });
  const secrets = composeSecrets();
  const dispatchers = createNodeDispatchers();
  const tell: Teller = (name, event) => {
    const target = targets.find((one) => one.name === name);
    if (target === undefined || target.type === 'email') return undefined;
    return secrets.resolve(targetSecret(target).reference).then((secret) => {
      const attempt = { event, now_ms: clock.now(), secret, dispatchers };
      return target.type === 'slack' ? sendSlack({ target, ...attempt }) : sendWebhook({ target, ...attempt });
    });
  };
  return {
    tell,
    clock,
    deliveries: createDynamoDeliveries({ ...tableOf(environment), retention_days: configuration.retention_days }),
    queue: { again: queueNamed(env.deliveryQueueUrl).send, giveUp: queueNamed(env.deliveryDeadLetterUrl).send },
  };
}
