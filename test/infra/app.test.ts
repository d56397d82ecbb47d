import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { App, Stack, Validations } from 'aws-cdk-lib';
import { ManagedPolicy } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { afterAll, describe, expect, it } from 'vitest';
import { readAppContext } from '../../lib/infra/app-context.ts';
import { UntilDone } from '../../lib/infra/until-done.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { account, region, unbundled } from './synthesized.ts';

const run = promisify(execFile);
const app = fileURLToPath(new URL('../../bin/app.ts', import.meta.url));
const settings = JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'));
const directory = temporaryDirectory();
afterAll(() => directory.remove());
/** A whole synth with all checks takes 4 s on an idle machine. */
const timeout = 60_000;

/** Runs the app as the CDK's CLI does, with no credentials and no AWS in its environment. */
async function synth(context: Record<string, unknown> = {}): Promise<{ template: string; stderr: string }> {
  const env = {
    CDK_OUTDIR: directory.path,
    CDK_CONTEXT_JSON: JSON.stringify({ ...settings.context, 'aws:cdk:bundling-stacks': [], ...context }),
  };
  const { stderr } = await run(process.execPath, [app], { cwd: directory.path, env });
  return { template: readFileSync(join(directory.path, 'UntilDone.template.json'), 'utf8'), stderr };
}

describe('bin/app.ts', () => {
  it('synthesizes offline, without credentials, and nothing is found in what it made', { timeout }, async () => {
    const { template, stderr } = await synth();
    expect(stderr).not.toMatch(/ERROR|WARNING|\[Warning\]/i);
    expect(template).toContain('"DeletionPolicy": "Retain"');
  });
  it('with everything switched on, for a try that leaves nothing', { timeout }, async () => {
    writeFileSync(
      join(directory.path, 'own.json'),
      JSON.stringify({ announce: { webhooks: [{ url: 'https://hooks.example.com', secret: 'ssm:/hook' }] } }),
    );
    const { template, stderr } = await synth({
      ephemeral: 'true',
      config: 'own.json',
      emails: 'a@example.com,b@example.com',
      emailsOn: 'settled,blocked',
      slackWorkspaceId: 'T012ABCDEFG',
      slackChannelId: 'C012ABCDEFG',
      auth: 'jwt',
      jwtIssuer: 'https://login.example.com',
      jwtAudience: 'untildone',
      watchdogMinutes: '5',
    });
    expect(stderr).not.toMatch(/ERROR|WARNING|\[Warning\]/i);
    expect(template).not.toContain('"Retain"');
    expect(template).toContain('"b@example.com"');
    expect(template).toContain('"job.blocked"');
    expect(template).toContain(':parameter/hook');
  });
  it('fails in words, not with a stack of ours', { timeout }, async () => {
    await expect(synth({ watchdogMinutes: '9' })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^UntilDone cannot be deployed:\s+watchdogMinutes is 9; .*\s*$/),
    });
  });
});

describe('the context of the app', () => {
  it.each([
    [{ auth: 'none' }, /write iam or jwt/],
    [{ ephemeral: 'yes' }, /write true or false/],
    [{ slackChannelId: 'C012' }, /needs both/],
    [{ config: 'nowhere.json' }, /nowhere\.json cannot be read/],
  ])('fails in words: %o', (context, reason) => {
    expect(() => readAppContext(new App({ context }))).toThrow(reason);
  });
});

describe('the checks', () => {
  const checked = (plant: (stack: Stack) => unknown): unknown => {
    const own = unbundled();
    Validations.of(own).addPlugins(new AwsSolutionsChecks(own));
    plant(new Stack(own, 'Own', { env: { account, region } }));
    return own.synth();
  };
  it('pass with keys, a boundary and a topic that were there before, and with tokens to keep', { timeout }, () => {
    const own = (service: string, what: string): string => `arn:aws:${service}:${region}:${account}:${what}`;
    checked(
      (stack) =>
        new UntilDone(stack, 'UntilDone', {
          encryptionKey: Key.fromKeyArn(stack, 'Key', own('kms', 'key/1234abcd-12ab-34cd-56ef-1234567890ab')),
          permissionsBoundary: ManagedPolicy.fromManagedPolicyArn(
            stack,
            'Bound',
            `arn:aws:iam::${account}:policy/bound`,
          ),
          existingTopic: Topic.fromTopicArn(stack, 'Topic', own('sns', 'outcomes')),
          alarmTopic: Topic.fromTopicArn(stack, 'Alarms', own('sns', 'alarms')),
          auth: {
            type: 'tokenAuthorizer',
            authorizer: LambdaFunction.fromFunctionArn(stack, 'Authorizer', own('lambda', 'function:authorizer')),
          },
          concurrency: { poll: 100, deliver: 2, start: 5, status: 5, cancel: 5 },
          configuration: {
            connections: {
              octo: {
                transport: 'mcp',
                url: 'https://octo.example.com/mcp',
                auth: {
                  type: 'oauth2-refresh-token',
                  refresh_token: `secretsmanager:${own('secretsmanager', 'secret:octo-AbCdEf')}`,
                },
              },
            },
          },
        }),
    );
  });
  it('fail on a queue without TLS and dead letters', { timeout }, () => {
    expect(() => checked((stack) => new Queue(stack, 'Planted'))).toThrow(/AwsSolutions-SQS4/);
  });
  it('fail on what CloudFormation would refuse', { timeout }, () => {
    expect(() => checked((stack) => new CfnQueue(stack, 'Planted', { visibilityTimeout: 50_000 }))).toThrow(/50000/);
  });
});
