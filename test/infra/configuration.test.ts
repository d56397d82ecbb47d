import { App, Stack } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { describe, expect, it } from 'vitest';
import { readCloudConfiguration, secretReferences } from '../../lib/infra/cloud-configuration.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf';
const connection = (rest: Record<string, unknown>) => ({
  connections: { ci: { transport: 'http', url: 'https://ci.example.com', ...rest } },
});
const bearer = (token: string) => connection({ auth: { type: 'bearer', token } });
const token = new Secret(new Stack(new App(), 'Other'), 'Secret').secretArn;

describe('a configuration that is deployed', () => {
  it('ships whole, with its targets named', () => {
    const { configuration, targets } = readCloudConfiguration({
      ...bearer(`secretsmanager:${arn}#token`),
      announce: { webhooks: [{ url: 'https://hooks.example.com', secret: 'ssm:/hook' }] },
    });
    expect(configuration.connections['ci']?.url).toBe('https://ci.example.com');
    expect(targets.map(({ name }) => name)).toEqual(['webhook-1']);
  });
  it('says which secrets checks read and which deliveries do', () => {
    const shipped = readCloudConfiguration({
      ...bearer('ssm:/ci/token'),
      announce: { slack: [{ webhook_url: `secretsmanager:${arn}` }] },
    });
    expect(secretReferences(shipped)).toEqual({ connections: ['ssm:/ci/token'], targets: [`secretsmanager:${arn}`] });
  });
  it('may reach this machine in the local cloud only', () => {
    const local = connection({ url: 'http://127.0.0.1:9000', allow_http: true, allow_private_network: true });
    expect(readCloudConfiguration(local, { allowLoopback: true }).configuration.connections['ci']).toBeDefined();
  });
});

describe('a configuration that cannot work in functions fails synth, with the reason', () => {
  const cases: [string, unknown, RegExp][] = [
    ['an unknown key', { conections: {} }, /conections: is not a known key/],
    [
      'a CDK token',
      bearer(`secretsmanager:${token}`),
      /connections\.ci\.auth\.token: is a CDK token, known only after the deployment/,
    ],
    ['a CDK token as a name', { connections: { [token]: {} } }, /is a CDK token/],
    ['env:', bearer('env:CI_TOKEN'), /connections\.ci\.auth\.token: "env:CI_TOKEN" is on the machine that deploys/],
    ['file:', bearer('file:.secrets/ci'), /"file:\.secrets\/ci" is on the machine that deploys/],
    ['half an ARN', bearer('secretsmanager:ci'), /must be the whole ARN of the secret/],
    ['an ARN without its last six characters', bearer(`secretsmanager:${arn.slice(0, -7)}`), /must be the whole ARN/],
    [
      'a client secret of this machine',
      connection({
        auth: { type: 'oauth2-client-credentials', client_id: 'env:CI_ID', client_secret: 'file:.secrets/ci' },
      }),
      /auth\.client_id: "env:CI_ID" is on the machine[\s\S]*auth\.client_secret: "file:\.secrets\/ci" is on the machine/,
    ],
    [
      'a refresh token in Parameter Store',
      connection({ auth: { type: 'oauth2-refresh-token', refresh_token: 'ssm:/octo' } }),
      /auth\.refresh_token: is in Parameter Store, where a rotated refresh token is not written back/,
    ],
    [
      'a token endpoint on this machine',
      connection({
        auth: {
          type: 'oauth2-client-credentials',
          token_url: 'https://127.0.0.1/token',
          client_id: 'ci',
          client_secret: 'ssm:/ci',
        },
      }),
      /auth\.token_url: 127\.0\.0\.1 is a loopback/,
    ],
    ['a star in the name of a parameter', bearer('ssm:/ci/*'), /is no name of an SSM parameter/],
    [
      'SMTP',
      { announce: { email: [{ smtp_url: 'ssm:/smtp', from: 'a@example.com', to: ['b@example.com'] }] } },
      /announce\.email\.0: SMTP is for the embedded engine; here SNS sends the mail/,
    ],
    ...[
      'http://localhost:9000',
      'http://127.0.0.1',
      'http://2130706433',
      'http://[::1]:80',
      'https://10.1.2.3',
      'https://169.254.169.254',
    ].map((url): [string, unknown, RegExp] => [
      url,
      connection({ url, allow_http: true, allow_private_network: true }),
      /connections\.ci\.url: .* is a loopback, private or reserved address/,
    ]),
    [
      'a webhook on this machine',
      { announce: { webhooks: [{ url: 'http://localhost', allow_http: true, secret: 'ssm:x' }] } },
      /announce\.webhooks\.0\.url: localhost/,
    ],
    [
      'a kind that takes a built-in name',
      {
        kinds: [
          {
            name: 'http',
            transport: 'http',
            status: { url: '/x' },
            acceptors: [{ state: 'success', matcher: { httpStatus: [200] } }],
          },
        ],
      },
      /kinds/,
    ],
  ];
  for (const [what, raw, reason] of cases)
    it(what, () => {
      expect(() => readCloudConfiguration(raw)).toThrow(reason);
    });
  it('names every problem at once', () => {
    const raw = { ...bearer('env:A'), announce: { webhooks: [{ url: 'https://localhost', secret: 'file:b' }] } };
    expect(() => readCloudConfiguration(raw)).toThrow(/env:A[\s\S]*file:b[\s\S]*localhost/);
  });
});
