import type { Target } from './configuration.ts';

/** Where a target's one secret is configured, and its reference. */
export function targetSecret(target: Target): { key: string; reference: string } {
  switch (target.type) {
    case 'webhook':
      return { key: 'secret', reference: target.secret };
    case 'slack':
      return { key: 'webhook_url', reference: target.webhook_url };
    case 'email':
      return { key: 'smtp_url', reference: target.smtp_url };
  }
}
