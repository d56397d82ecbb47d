import { Token } from 'aws-cdk-lib';
import manifest from '../../package.json' with { type: 'json' };
import type { ShippedConfiguration } from '../aws/shipped-configuration.ts';
import { authReferences, isOauth } from '../core/auth-references.ts';
import { type Configuration, readConfiguration, targetsOf } from '../core/configuration.ts';
import { ConfigError, type Problem } from '../core/errors.ts';
import { targetSecret } from '../core/target-secret.ts';
import { kindsWith } from '../kinds/registry.ts';
import { addressClass } from '../transports/addresses.ts';

const secretArn =
  /^secretsmanager:arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}(#[^#]+)?$/;
const parameterName = /^ssm:\/?[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/;

/**
 * Reads the configuration for a deployment: what is fine on one machine and cannot work in functions fails here, at synth,
 * with every reason at once. `allowLoopback` is for the local cloud, whose remote systems are on this machine. Throws ConfigError.
 */
export function readCloudConfiguration(raw: unknown, options: { allowLoopback?: boolean } = {}): ShippedConfiguration {
  const tokens = tokenProblems(raw, '');
  const read = tokens.length > 0 ? ({ ok: false, problems: tokens } as const) : readConfiguration(raw);
  if (!read.ok) throw undeployable(read.problems);
  const { configuration } = read;
  const problems = [
    ...configuration.announce.email.map((_, position) => ({
      path: `announce.email.${position}`,
      message:
        'SMTP is for the embedded engine; here SNS sends the mail: name the addresses in the construct\'s "emails"',
    })),
    ...secretsOf(configuration).flatMap(secretProblems),
    ...(options.allowLoopback === true ? [] : urlsOf(configuration).flatMap(urlProblems)),
  ];
  if (problems.length > 0) throw undeployable(problems);
  kindsWith(configuration.kinds);
  return { version: manifest.version, configuration, targets: targetsOf(configuration) };
}

const undeployable = (problems: Problem[]): ConfigError =>
  new ConfigError(
    ['the configuration cannot be deployed:', ...problems.map(({ path, message }) => `${path}: ${message}`)].join(
      '\n  ',
    ),
    { problems },
  );

/** Every secret the functions read, by who reads it: checks read those of connections, deliveries those of targets. */
export function secretReferences({ configuration }: ShippedConfiguration): {
  connections: string[];
  targets: string[];
} {
  const of = (part: string): string[] => [
    ...new Set(secretsOf(configuration).flatMap(({ path, text }) => (path.startsWith(part) ? [text] : []))),
  ];
  return { connections: of('connections.'), targets: of('announce.') };
}

/** Whether any connection gets its tokens from an authorization server, and which secrets take their rotated refresh tokens. */
export function oauthNeeds({ configuration }: ShippedConfiguration): { used: boolean; rotated: string[] } {
  const auths = Object.values(configuration.connections).map(({ auth }) => auth);
  return {
    used: auths.some(isOauth),
    rotated: auths.flatMap((auth) => (auth.type === 'oauth2-refresh-token' ? [auth.refresh_token] : [])),
  };
}

type Found = { path: string; text: string };

/** Keys too: a token may hide in any string. */
function tokenProblems(value: unknown, path: string): Problem[] {
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).flatMap(([key, inner]) => {
      const below = path === '' ? key : `${path}.${key}`;
      return [...tokenProblems(key, path), ...tokenProblems(inner, below)];
    });
  return Token.isUnresolved(value)
    ? [
        {
          path,
          message:
            'is a CDK token, known only after the deployment, while the configuration ships inside the bundles; write the plain value',
        },
      ]
    : [];
}

function secretsOf(configuration: Configuration): Found[] {
  const ofConnections = Object.entries(configuration.connections).flatMap(([name, { auth }]) =>
    authReferences(auth).map(({ key, reference }) => ({ path: `connections.${name}.auth.${key}`, text: reference })),
  );
  const ofTargets = targetsOf(configuration).map((target) => {
    const { key, reference } = targetSecret(target);
    return { path: `announce.${target.type}.${target.name}.${key}`, text: reference };
  });
  return [...ofConnections, ...ofTargets];
}

function secretProblems({ path, text }: Found): Problem[] {
  const say = (message: string): Problem[] => [{ path, message }];
  if (/^(env|file):/.test(text))
    return say(
      `"${text}" is on the machine that deploys, where functions cannot find it; store the secret and write secretsmanager:ARN or ssm:NAME`,
    );
  if (text.startsWith('secretsmanager:') && !secretArn.test(text))
    return say(
      'must be the whole ARN of the secret, with the six characters at its end, so that the grant names this secret only',
    );
  if (text.startsWith('ssm:') && path.endsWith('.refresh_token'))
    return say('is in Parameter Store, where a rotated refresh token is not written back; write secretsmanager:ARN');
  if (text.startsWith('ssm:') && !parameterName.test(text)) return say('is no name of an SSM parameter');
  return [];
}

const urlsOf = ({ connections, announce }: Configuration): Found[] => [
  ...Object.entries(connections).map(([name, { url }]) => ({ path: `connections.${name}.url`, text: url })),
  ...Object.entries(connections).flatMap(([name, { auth }]) =>
    'token_url' in auth && auth.token_url !== undefined
      ? [{ path: `connections.${name}.auth.token_url`, text: auth.token_url }]
      : [],
  ),
  ...announce.webhooks.map(({ url }, position) => ({ path: `announce.webhooks.${position}.url`, text: url })),
];

function urlProblems({ path, text }: Found): Problem[] {
  const host = URL.parse(text)?.hostname.replace(/^\[|\]$/g, '') ?? '';
  const named = host === 'localhost' || host.endsWith('.localhost');
  // The WHATWG parser has turned every numeric spelling into dots or colons.
  const numbered = /^[\d.]+$/.test(host) || host.includes(':');
  if (!named && !(numbered && addressClass(host) !== 'public')) return [];
  const message = `${host} is a loopback, private or reserved address, and a function runs on a machine of its own, outside your networks; use a public host`;
  return [{ path, message }];
}
