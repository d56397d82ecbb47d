import { describe, expect, it } from 'vitest';
import { type Configuration, readConfiguration, targetsOf } from '../../lib/core/configuration.ts';
import { targetSecret } from '../../lib/core/target-secret.ts';

const connection = (rest: Record<string, unknown> = {}) => ({
  connections: { ci: { transport: 'http', url: 'https://ci.example.com', ...rest } },
});
const webhook = (rest: Record<string, unknown> = {}) => ({
  announce: { webhooks: [{ url: 'https://hooks.example.com', secret: 'env:HOOK', ...rest }] },
});
const slack = (rest: Record<string, unknown> = {}) => ({
  announce: { slack: [{ webhook_url: 'env:SLACK', ...rest }] },
});
const email = (rest: Record<string, unknown> = {}) => ({
  announce: { email: [{ smtp_url: 'env:SMTP', from: 'untildone@example.com', to: ['ops@example.com'], ...rest }] },
});
const problems = (raw: unknown): string[] => {
  const read = readConfiguration(raw);
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`);
};
function configured(raw: unknown): Configuration {
  const read = readConfiguration(raw);
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return read.configuration;
}

describe('readConfiguration', () => {
  it('fills in every default', () => {
    expect(configured({})).toEqual({
      connections: {},
      kinds: [],
      announce: { webhooks: [], slack: [], email: [] },
      cli_command: 'untildone',
      retention_days: 30,
      max_active_jobs_per_owner: 1000,
      max_checks_per_job: 200_000,
    });
    expect(configured(connection()).connections['ci']).toEqual({
      transport: 'http',
      url: 'https://ci.example.com',
      auth: { type: 'none' },
      allow_http: false,
      allow_private_network: false,
    });
  });

  it.each([
    { type: 'bearer', token: 'env:CI_TOKEN' },
    { type: 'api-key', header: 'X-Api-Key', value: 'file:.secrets/key' },
    { type: 'basic', username: 'me', password: 'secretsmanager:arn:aws:secretsmanager:eu-west-1:1:secret:x#key' },
    { type: 'bearer', token: 'ssm:/ci/token' },
    { type: 'oauth2-client-credentials', client_id: 'ci', client_secret: 'env:CI_SECRET' },
    {
      type: 'oauth2-client-credentials',
      token_url: 'https://login.example.com/token',
      client_id: 'env:CI_ID',
      client_secret: 'file:.secrets/ci',
      scope: 'jobs:read jobs:write',
    },
    { type: 'oauth2-refresh-token', refresh_token: 'file:.secrets/octo' },
    {
      type: 'oauth2-refresh-token',
      token_url: 'https://login.example.com/token',
      client_id: 'https://untildone.example.com/client',
      client_secret: 'env:OCTO_SECRET',
      refresh_token: 'env:OCTO',
    },
  ])('takes the references of %o', (auth) => {
    expect(configured(connection({ auth })).connections['ci']?.auth).toEqual(auth);
  });

  it.each<[string, unknown, string]>([
    [
      'a literal token',
      connection({ auth: { type: 'bearer', token: 'sk-SECRET' } }),
      'connections.ci.auth.token: must be a reference',
    ],
    [
      'a literal password',
      connection({ auth: { type: 'basic', username: 'me', password: 'SECRET' } }),
      'connections.ci.auth.password: must be a reference',
    ],
    [
      'a literal key',
      connection({ auth: { type: 'api-key', header: 'x', value: 'SECRET' } }),
      'connections.ci.auth.value: must be a reference',
    ],
    [
      'a literal webhook secret',
      webhook({ secret: 'whsec_SECRET' }),
      'announce.webhooks.0.secret: must be a reference',
    ],
    [
      'a literal client secret',
      connection({ auth: { type: 'oauth2-client-credentials', client_id: 'ci', client_secret: 'SECRET' } }),
      'connections.ci.auth.client_secret: must be a reference',
    ],
    [
      'a literal refresh token',
      connection({ auth: { type: 'oauth2-refresh-token', refresh_token: 'SECRET' } }),
      'connections.ci.auth.refresh_token: must be a reference',
    ],
    [
      'a client without an id',
      connection({ auth: { type: 'oauth2-client-credentials', client_secret: 'env:S' } }),
      'connections.ci.auth.client_id: ',
    ],
    [
      'a client secret of nobody',
      connection({ auth: { type: 'oauth2-refresh-token', client_secret: 'env:S', refresh_token: 'env:R' } }),
      'connections.ci.auth.client_id: is missing, and "client_secret" belongs to one',
    ],
    [
      'a token endpoint on plain http',
      connection({
        auth: {
          type: 'oauth2-client-credentials',
          client_id: 'ci',
          client_secret: 'env:S',
          token_url: 'http://login.example.com/token',
        },
      }),
      'connections.ci.auth.token_url: is plain http',
    ],
    [
      'credentials in a token endpoint',
      connection({
        auth: {
          type: 'oauth2-refresh-token',
          refresh_token: 'env:R',
          token_url: 'https://me:SECRET@login.example.com',
        },
      }),
      'connections.ci.auth.token_url: must not carry credentials',
    ],
    [
      'a scope of two lines',
      connection({ auth: { type: 'oauth2-refresh-token', refresh_token: 'env:R', scope: 'a\nb' } }),
      'connections.ci.auth.scope: must be scopes',
    ],
    ['an empty reference', webhook({ secret: 'env:' }), 'announce.webhooks.0.secret: must be a reference'],
    ['plain http', connection({ url: 'http://ci.example.com' }), 'connections.ci.url: is plain http'],
    ['plain HTTP in capitals', connection({ url: 'HTTP://ci.example.com' }), 'connections.ci.url: is plain http'],
    ['plain http after a blank', connection({ url: ' http://ci.example.com' }), 'connections.ci.url: is plain http'],
    ['a webhook on plain http', webhook({ url: 'Http://hooks.example.com' }), 'announce.webhooks.0.url: is plain http'],
    [
      'credentials in a URL',
      connection({ url: 'https://me:SECRET@ci.example.com' }),
      'connections.ci.url: must not carry credentials',
    ],
    [
      'a user in a URL',
      connection({ url: 'https://me@ci.example.com' }),
      'connections.ci.url: must not carry credentials',
    ],
    ['a fragment', connection({ url: 'https://ci.example.com/#x' }), 'connections.ci.url: must not have a fragment'],
    [
      'another scheme',
      connection({ url: 'file:///etc/passwd' }),
      'connections.ci.url: must be an absolute http(s) URL',
    ],
    ['half a URL', webhook({ url: '/hooks' }), 'announce.webhooks.0.url: must be an absolute http(s) URL'],
    ['an unknown key', { connexions: {} }, 'connexions: is not a known key here'],
    [
      'an unknown key of a connection',
      connection({ allow_htttp: true }),
      'connections.ci.allow_htttp: is not a known key here',
    ],
    [
      'an unknown key of auth',
      connection({ auth: { type: 'none', token: 'env:X' } }),
      'connections.ci.auth.token: is not a known key here',
    ],
    ['an unknown key of a webhook', webhook({ retries: 3 }), 'announce.webhooks.0.retries: is not a known key here'],
    [
      'a literal Slack webhook',
      slack({ webhook_url: 'https://hooks.slack.com/services/SECRET' }),
      'announce.slack.0.webhook_url: must be a reference',
    ],
    ['an unknown key of Slack', slack({ channel: '#ops' }), 'announce.slack.0.channel: is not a known key here'],
    [
      'a literal SMTP URL',
      email({ smtp_url: 'smtp://me:SECRET@mail.example.com' }),
      'announce.email.0.smtp_url: must be a reference',
    ],
    ['a mail to nobody', email({ to: [] }), 'announce.email.0.to: '],
    [
      'a mail to a name',
      email({ to: ['Ops <ops@example.com>'] }),
      'announce.email.0.to.0: must be a plain e-mail address',
    ],
    ['two addresses in one', email({ to: ['a@example.com, b@example.com'] }), 'announce.email.0.to.0: must be a plain'],
    [
      'a header in an address',
      email({ from: 'a@example.com\r\nBcc: b@example.com' }),
      'announce.email.0.from: must be',
    ],
    ['an unknown key of e-mail', email({ cc: [] }), 'announce.email.0.cc: is not a known key here'],
    ['an unknown kind of target', { announce: { pigeons: [] } }, 'announce.pigeons: is not a known key here'],
    ['an unknown event', webhook({ on: ['done'] }), 'announce.webhooks.0.on.0: '],
    ['a webhook that hears nothing', webhook({ on: [] }), 'announce.webhooks.0.on: '],
    ['a connection name with a slash', { connections: { 'a/b': {} } }, 'connections.a/b: '],
    ['no retention', { retention_days: 0 }, 'retention_days: '],
  ])('refuses %s, and tells no secret', (_name, raw, problem) => {
    const said = problems(raw);
    expect(said.join('\n')).toContain(problem);
    expect(said.join('\n')).not.toContain('SECRET');
  });

  it('tells all that is wrong with OAuth 2 at once', () => {
    const auth = {
      type: 'oauth2-client-credentials',
      client_id: '',
      client_secret: 'SECRET',
      token_url: 'x',
      scopes: 'a',
    };
    const said = problems(connection({ auth })).join('\n');
    for (const key of ['client_id', 'client_secret', 'token_url', 'scopes'])
      expect(said).toContain(`connections.ci.auth.${key}: `);
    expect(said).not.toContain('SECRET');
  });

  it('refuses one refresh token for two connections', () => {
    const auth = { type: 'oauth2-refresh-token', refresh_token: 'file:.secrets/octo' };
    const octo = { transport: 'mcp', url: 'https://octo.example.com/mcp', auth };
    expect(problems({ connections: { a: octo, b: octo } })).toEqual([
      expect.stringContaining('connections.b.auth.refresh_token: is the refresh token of "a" too'),
    ]);
  });

  it('takes plain http when it is allowed', () => {
    expect(problems(connection({ url: 'http://127.0.0.1:9000', allow_http: true }))).toEqual([]);
    expect(problems(webhook({ url: 'http://127.0.0.1:9000', allow_http: true }))).toEqual([]);
  });

  it.each(['untildone', 'npx --no-install untildone', '/opt/bin/untildone', 'pnpm exec @acme/untildone'])(
    'takes the cli_command %s',
    (cli_command) => expect(configured({ cli_command }).cli_command).toBe(cli_command),
  );
  it.each([
    '',
    ' untildone',
    'a  b',
    'a; rm -rf /',
    'a && b',
    '$(a)',
    '`a`',
    'a|b',
    "a 'b'",
    'a "b"',
    'a>b',
    'a\nb',
    'a\\b',
    'a*',
    '~/a',
    'a$b',
  ])('refuses the cli_command %j, which needs a shell or quotes', (cli_command) =>
    expect(problems({ cli_command })).toEqual([expect.stringContaining('cli_command: must run as printed')]),
  );

  it.each([null, undefined, 'x', 1, []])('refuses %j', (raw) => {
    expect(readConfiguration(raw).ok).toBe(false);
  });

  it('refuses a kind with the words of the kind', () => {
    const kind = { name: 'Export', transport: 'http', handle: { 'a-b': 'id' }, pace: { ramps: true } };
    expect(problems({ kinds: [kind] })).toEqual([
      'kinds.0.name: must be lower-case letters, digits and dashes',
      'kinds.0.handle.a-b: must be a plain name: letters, digits, underscores',
      'kinds.0.pace.ramps: is not a known key here',
    ]);
  });
});

describe('targets', () => {
  const two = (first: Record<string, unknown>, second: Record<string, unknown>) => ({
    announce: {
      webhooks: [first, second].map((rest) => ({ url: 'https://hooks.example.com', secret: 'env:HOOK', ...rest })),
    },
  });
  it('are named by type and position, and hear of the end', () => {
    expect(targetsOf(configured(two({}, { name: 'ops', on: ['failing'] })))).toMatchObject([
      { type: 'webhook', name: 'webhook-1', on: ['settled'] },
      { type: 'webhook', name: 'ops', on: ['failing'] },
    ]);
  });
  it('of every type are told of the end, and stay off private networks', () => {
    const announce = {
      webhooks: [{ url: 'https://hooks.example.com', secret: 'env:HOOK' }],
      slack: [{ webhook_url: 'env:SLACK' }, { name: 'perf-channel', webhook_url: 'env:SLACK', on: ['overdue'] }],
      email: [{ smtp_url: 'env:SMTP', from: 'untildone@localhost', to: ['root@localhost'] }],
    };
    expect(targetsOf(configured({ announce }))).toMatchObject([
      { type: 'webhook', name: 'webhook-1', on: ['settled'], allow_http: false, allow_private_network: false },
      { type: 'slack', name: 'slack-1', on: ['settled'], allow_http: false, allow_private_network: false },
      { type: 'slack', name: 'perf-channel', on: ['overdue'] },
      { type: 'email', name: 'email-1', on: ['settled'], allow_private_network: false },
    ]);
  });
  it('name the one secret each of them has', () => {
    const announce = { ...webhook().announce, ...slack().announce, ...email().announce };
    expect(targetsOf(configured({ announce })).map(targetSecret)).toEqual([
      { key: 'secret', reference: 'env:HOOK' },
      { key: 'webhook_url', reference: 'env:SLACK' },
      { key: 'smtp_url', reference: 'env:SMTP' },
    ]);
  });
  it('have different names, whatever their type', () => {
    const announce = { ...webhook({ name: 'ops' }).announce, ...slack({ name: 'ops' }).announce };
    expect(problems({ announce })).toEqual(['announce: two targets are named "ops"; give each its own name']);
  });
  it.each<[Record<string, unknown>, Record<string, unknown>, string]>([
    [{ name: 'ops' }, { name: 'ops' }, 'ops'],
    [{ name: 'webhook-2' }, {}, 'webhook-2'],
  ])('rejects one name for two: %o, %o', (first, second, name) => {
    expect(problems(two(first, second))).toEqual([`announce: two targets are named "${name}"; give each its own name`]);
  });
});
