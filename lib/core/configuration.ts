import * as z from 'zod';
import { authSchema, httpUrl, secretReference } from './auth.ts';
import { isOauth } from './auth-references.ts';
import { transports } from './call.ts';
import type { Problem } from './errors.ts';
import { eventTypes } from './job.ts';
import { kindSchema } from './kind.ts';
import { problemsOf } from './problems.ts';

const isPlainHttp = (url: string): boolean => URL.parse(url)?.protocol === 'http:';

const targetName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, dots, dashes');

/** A named credential bound to hosts; jobs name it and never carry secrets. */
export const connectionSchema = z
  .strictObject({
    transport: z.enum(transports),
    url: httpUrl,
    auth: authSchema.default({ type: 'none' }),
    allow_hosts: z.array(z.string().min(1).max(253)).max(32).optional(),
    rate_per_minute: z.number().int().min(1).max(100_000).optional(),
    allow_http: z.boolean().default(false),
    allow_private_network: z.boolean().default(false),
  })
  .superRefine((connection, context) => {
    if (isPlainHttp(connection.url) && !connection.allow_http)
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'is plain http; use https, or set "allow_http": true',
      });
    const { auth } = connection;
    if (isOauth(auth) && auth.token_url !== undefined && isPlainHttp(auth.token_url) && !connection.allow_http)
      context.addIssue({
        code: 'custom',
        path: ['auth', 'token_url'],
        message: 'is plain http, and would carry the secret in the clear; use https, or set "allow_http": true',
      });
  });
export type Connection = z.infer<typeof connectionSchema>;

const listened = z.array(z.enum(eventTypes)).min(1).default(['settled']);

const webhookSchema = z
  .strictObject({
    name: targetName.optional(),
    url: httpUrl,
    secret: secretReference,
    on: listened,
    allow_http: z.boolean().default(false),
    allow_private_network: z.boolean().default(false),
  })
  .superRefine((webhook, context) => {
    if (isPlainHttp(webhook.url) && !webhook.allow_http)
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'is plain http; use https, or set "allow_http": true',
      });
  });

/** The URL of an incoming webhook is the right to post: a secret. */
const slackSchema = z.strictObject({
  name: targetName.optional(),
  webhook_url: secretReference,
  on: listened,
  allow_http: z.boolean().default(false),
  allow_private_network: z.boolean().default(false),
});

const mailAddress = z
  .email({ pattern: z.regexes.html5Email, error: 'must be a plain e-mail address, without a name: ops@example.com' })
  .max(254);

/** `smtp_url` carries user and password: a secret. */
const emailSchema = z.strictObject({
  name: targetName.optional(),
  smtp_url: secretReference,
  from: mailAddress,
  to: z.array(mailAddress).min(1).max(50),
  on: listened,
  allow_private_network: z.boolean().default(false),
});

/** The configuration of both engines: embedded reads it from a file, the CDK construct takes it as a prop. */
export const configurationSchema = z.strictObject({
  connections: z.record(z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/), connectionSchema).default({}),
  kinds: z.array(kindSchema).max(100).default([]),
  announce: z
    .strictObject({
      webhooks: z.array(webhookSchema).max(32).default([]),
      slack: z.array(slackSchema).max(32).default([]),
      email: z.array(emailSchema).max(32).default([]),
    })
    .prefault({}),
  cli_command: z
    .string()
    .regex(
      /^[A-Za-z0-9._/@+-]+( [A-Za-z0-9._/@+-]+)*$/,
      'must run as printed, without quoting: plain words between single spaces',
    )
    .default('untildone'),
  retention_days: z.number().int().min(1).max(3650).default(30),
  max_active_jobs_per_owner: z.number().int().min(1).max(1_000_000).default(1000),
  max_checks_per_job: z.number().int().min(1).max(10_000_000).default(200_000),
});
export type Configuration = z.infer<typeof configurationSchema>;

type Named<Type extends string, Schema extends z.ZodType> = { type: Type; name: string } & Omit<
  z.infer<Schema>,
  'name'
>;
export type WebhookTarget = Named<'webhook', typeof webhookSchema>;
export type SlackTarget = Named<'slack', typeof slackSchema>;
export type EmailTarget = Named<'email', typeof emailSchema>;

/** A place announcements go to. `name` defaults to the type and its position: `webhook-1`. */
export type Target = WebhookTarget | SlackTarget | EmailTarget;

export type ReadConfiguration = { ok: true; configuration: Configuration } | { ok: false; problems: Problem[] };

/** Reads an unknown value as the configuration: every problem at once, unknown keys included. */
export function readConfiguration(raw: unknown): ReadConfiguration {
  // Once: to compile a parser for it takes longer than to read it without.
  const parsed = configurationSchema.safeParse(raw, { jitless: true });
  if (!parsed.success) return { ok: false, problems: problemsOf(parsed.error) };
  const problems: Problem[] = [];
  const refreshTokens = new Map<string, string>();
  for (const [name, { auth }] of Object.entries(parsed.data.connections)) {
    if (auth.type !== 'oauth2-refresh-token') continue;
    const other = refreshTokens.get(auth.refresh_token);
    if (other !== undefined)
      problems.push({
        path: `connections.${name}.auth.refresh_token`,
        message: `is the refresh token of "${other}" too, and a rotated one serves one connection only; give each its own`,
      });
    refreshTokens.set(auth.refresh_token, name);
  }
  const seen = new Set<string>();
  for (const target of targetsOf(parsed.data)) {
    if (seen.has(target.name))
      problems.push({ path: 'announce', message: `two targets are named "${target.name}"; give each its own name` });
    seen.add(target.name);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, configuration: parsed.data };
}

/** All announce targets, named. */
export const targetsOf = ({ announce }: Configuration): Target[] => [
  ...announce.webhooks.map((target, position) => named('webhook', target, position)),
  ...announce.slack.map((target, position) => named('slack', target, position)),
  ...announce.email.map((target, position) => named('email', target, position)),
];

const named = <Type extends string, Given extends { name?: string | undefined }>(
  type: Type,
  target: Given,
  position: number,
): Omit<Given, 'name'> & { type: Type; name: string } => ({
  ...target,
  type,
  name: target.name ?? `${type}-${position + 1}`,
});
