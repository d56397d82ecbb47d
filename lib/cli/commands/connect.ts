import * as z from 'zod';
import { type Command, defineCommand } from '../command.ts';
import { codesOfConnect, exitCode } from '../exit-codes.ts';
import { someText, switchFlag, wholeNumber } from '../flags.ts';
import { failure, success } from '../outcome.ts';
import { cut } from '../stay-brief.ts';

const connectedSchema = z.looseObject({
  connection: z.string(),
  issuer: z.string(),
  client_id: z.string(),
  resource: z.string(),
  scope: z.string().nullable(),
  stored_at: z.string(),
});

/** Lets a person agree once, in a browser, and keeps what comes of it where the connection's `refresh_token` points. */
export const connect: Command = defineCommand({
  path: ['connect'],
  summary: 'Sign a connection in through a browser, once, and store its refresh token',
  danger_level: 'mutating',
  argument: {
    name: 'CONNECTION',
    description: 'Its name in the configuration; its auth.type is oauth2-refresh-token',
    pattern: '^.+$',
  },
  flags: {
    config: {
      schema: someText(4096),
      value: 'FILE',
      description: 'Configuration; untildone.config.json if there is one',
    },
    redirect_port: {
      schema: wholeNumber(0, 65_535),
      value: 'PORT',
      default: 0,
      description: 'Where the browser comes back to on this machine, 0 = any free one',
    },
    paste: switchFlag('Read the address that the browser ended at from stdin, for a browser on another machine'),
    browser: { schema: z.boolean(), negated: true, description: 'Open no browser; only print the address' },
    wait_seconds: {
      schema: wholeNumber(1, 3600),
      value: 'SECONDS',
      default: 300,
      description: 'How long to wait for the answer of the person',
    },
  },
  exit_codes: codesOfConnect,
  output: connectedSchema,
  network: false,
  examples: ['connect octoperf', 'connect octoperf --paste --no-browser'],
  run: async (context, { argument, config, redirect_port, paste, browser, wait_seconds }) => {
    const connected = await context.connect?.({
      connection: argument,
      config,
      redirect_port,
      pasted: paste ? context.stdin : undefined,
      browser: browser && context.live,
      wait_ms: wait_seconds * 1000,
      env: context.env,
      interrupt: context.interrupt,
      say: context.say,
      cli_command: context.cli_command,
    });
    if (connected === undefined)
      return failure(exitCode.general, {
        code: 'NOT_AVAILABLE',
        message: 'This build of the CLI carries no browser sign-in.',
        retryable: false,
        phase: 'execution',
        suggestion: 'Sign in with the CLI of the package untildone.',
      });
    return connected.ok
      ? success(connected.data)
      : failure(connected.exit_code, { phase: 'execution', ...connected.error });
  },
  shorter: [{ name: 'the end of scope', of: (data) => ({ ...data, scope: cut(String(data['scope']), 240) }) }],
  render: (data) => {
    const { connection, issuer, stored_at } = connectedSchema.parse(data);
    return `${connection} is connected: ${issuer} gave a refresh token, stored at ${stored_at}. A running server uses it from its next call on.`;
  },
});
