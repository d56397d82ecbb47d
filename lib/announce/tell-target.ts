import type { Target } from '../core/configuration.ts';
import { targetSecret } from '../core/target-secret.ts';
import type { JobEvent, Secrets } from '../ports.ts';
import type { Dispatchers } from '../transports/dispatchers.ts';
import type { Resolve } from '../transports/safe-connect.ts';
import type { Delivery } from './delivery.ts';
import { sendSlack, slackUrl } from './slack-webhook.ts';
import { sendEmail, smtpServer } from './smtp.ts';
import { keyOf, sendWebhook } from './webhook.ts';

export type TellerOptions = {
  targets: readonly Target[];
  secrets: Secrets;
  /** The guarded way out, for what goes by HTTP. */
  dispatchers: Dispatchers;
  /** Epoch ms. */
  now: () => number;
  /** How mail servers' names are resolved; the system's way. */
  resolve?: Resolve;
};

/** Tells one target once. Undefined when no such target is configured; rejects with ConfigError when its secret is not there. */
export type Teller = (target: string, event: JobEvent) => Promise<Delivery> | undefined;

/** One way to tell for every type of target. */
export function createTeller({ targets, secrets, dispatchers, now, resolve }: TellerOptions): Teller {
  const byName = new Map(targets.map((target) => [target.name, target]));
  return (name, event) => {
    const target = byName.get(name);
    return target === undefined ? undefined : tell(target, event);
  };

  async function tell(target: Target, event: JobEvent): Promise<Delivery> {
    const secret = await secrets.resolve(targetSecret(target).reference);
    switch (target.type) {
      case 'webhook':
        return sendWebhook({ target, event, now_ms: now(), secret, dispatchers });
      case 'slack':
        return sendSlack({ target, event, now_ms: now(), secret, dispatchers });
      case 'email':
        return sendEmail({ target, event, now_ms: now(), secret, resolve });
    }
  }
}

/** What an operator must mend before a target can be told, or undefined: its secret is not there, or is none of its kind. Never names the value. */
export async function targetProblem(target: Target, secrets: Secrets): Promise<string | undefined> {
  try {
    const secret = await secrets.resolve(targetSecret(target).reference);
    if (target.type === 'slack') slackUrl(secret);
    else if (target.type === 'email') smtpServer(secret);
    else keyOf(secret);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : 'cannot be resolved';
  }
}
