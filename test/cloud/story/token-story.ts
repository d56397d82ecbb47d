import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { expect, inject } from 'vitest';
import { answer, startFaultServer } from '../../support/fault-server.ts';
import { guardedOctoperf } from '../../support/guarded-octoperf.ts';
import { octoperfBodies } from '../../support/octoperf-world.ts';
import { gateOf, tokenOf } from '../local/gate-of.ts';
import { startLocalCloud } from '../local/local-cloud.ts';
import { movableTime } from '../local/movable-time.ts';
import { readTemplate } from '../local/resolve-template.ts';
import { synthesize } from '../local/synthesize.ts';

export type TokenStory = Awaited<ReturnType<typeof tokenStory>>;

const arn = (name: string): string => `arn:aws:secretsmanager:eu-west-1:000000000000:secret:${name}-AbCdEf`;
const [grant, hook_key] = [arn('grant'), arn('hook')];
const loopback = { allow_http: true, allow_private_network: true };

/** A deployment whose one connection leads to OctoPerf behind tokens and a layer of faults. What anybody reads or keeps of it is kept as text. Close it. */
export async function tokenStory() {
  const time = movableTime();
  const octoperf = await guardedOctoperf({ now: time.now, sessions: true });
  octoperf.remote.knobs.results_per_run = 2;
  const hooks = await startFaultServer(() => answer(204));
  const directory = mkdtempSync(join(inject('shared_directory'), 'tokens-'));
  const refresh_token = `secretsmanager:${grant}`;
  const auth = { type: 'oauth2-refresh-token', client_id: 'public', refresh_token };
  synthesize(directory, {
    emails: ['ops@example.com'],
    configuration: {
      connections: { tools: { transport: 'mcp', url: octoperf.url, auth, ...loopback } },
      announce: {
        webhooks: [{ name: 'ops', url: `${hooks.origin}/hook`, secret: `secretsmanager:${hook_key}`, ...loopback }],
      },
    },
  });
  const place = { account: '000000000000', region: 'eu-west-1', queueUrl: String, api_url: '' };
  const [sealing] = readTemplate(directory, place).of('AWS::SecretsManager::Secret');
  const secrets: Record<string, string> = {
    [arn(sealing?.id ?? '')]: 'k'.repeat(64),
    [hook_key]: 'the-key-of-the-hook',
  };
  const consent = (): void => {
    secrets[grant] = octoperf.authorization.grant();
  };
  consent();
  const kept: Record<'items' | 'messages' | 'schedules' | 'answers', string[]> = {
    items: [],
    messages: [],
    schedules: [],
    answers: [],
  };
  const cloud = await startLocalCloud({
    directory,
    authorize: gateOf(directory, 'Local.template.json').authorize,
    token_of: tokenOf,
    time,
    secrets,
    dynamo: { onCall: ({ body }) => void kept.items.push(textOf(body)) },
    queues: {
      disturb: ({ body }) => {
        kept.messages.push(body);
        return [0];
      },
    },
    scheduler: { lateness_ms: () => 5_000 },
  });
  async function call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answered = await fetch(`${cloud.url}${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...sent,
    });
    const text = await answered.text();
    kept.answers.push(text);
    return JSON.parse(text);
  }
  const schedules = (): string[] => {
    const all = cloud.jobSchedules();
    kept.schedules.push(...all.map((one) => JSON.stringify(one)));
    return all.map(({ name }) => name);
  };
  const requests = (): number => octoperf.requests.length + octoperf.authorization.asked.length;

  return {
    ...octoperf,
    cloud,
    /** Puts a grant where the connection looks for it. */
    consent,
    /** Hands a load test over; resolves to its id, also where the start was refused. */
    start: async (): Promise<string> => {
      const body = await call(
        'POST',
        '/v1/jobs',
        octoperfBodies.scenario({ expected_seconds: 30, timeout_seconds: 200 }),
      );
      schedules();
      return String(body['job_id'] ?? Object(body['job']).job_id);
    },
    advance: time.advance,
    /** Leaps until the job is over, and `seconds` on: nothing may be called in them. Resolves to `complete`, or the reason. */
    endOf: async (job_id: string, seconds = 130): Promise<string> => {
      await time.until(() => !schedules().includes(job_id), 400);
      const before = requests();
      await time.advance(seconds);
      expect(requests() - before).toBe(0);
      const { status, reason, terminal } = await call('GET', `/v1/jobs/${job_id}`);
      expect(terminal).toBe(true);
      return String(reason ?? status);
    },
    /** Every place that somebody reads or keeps, as text. */
    places: async (): Promise<Record<string, string>> => {
      await call('GET', '/v1/events?limit=100');
      const [table] = cloud.described.tables;
      const items = await cloud.dynamo.items(table?.name ?? '');
      const { queues } = cloud;
      return {
        'every write of the table': kept.items.join('\n'),
        'the table': items.map(textOf).join('\n'),
        messages: kept.messages.join('\n'),
        'schedule inputs': kept.schedules.join('\n'),
        answers: kept.answers.join('\n'),
        'the log': cloud.lambda.logs.map(({ line }) => line).join('\n'),
        topic: queues.published.join('\n'),
        mails: JSON.stringify(queues.mailbox),
        webhooks: JSON.stringify(hooks.seen),
      };
    },
    close: async (): Promise<void> => {
      await cloud.close();
      await Promise.all([octoperf.close(), hooks.close()]);
    },
  };
}

/** With what is packed unpacked: a secret in there would be no better off. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([key, inner]) => `${key} ${key === 'B' ? unpackedText(inner) : textOf(inner)}`)
    .join(' ');
}

function unpackedText(packed: unknown): string {
  const bytes = Buffer.from(typeof packed === 'string' ? packed : Object(packed), 'base64');
  try {
    return inflateRawSync(bytes).toString();
  } catch {
    // Sealed, or not packed.
    return bytes.toString('latin1');
  }
}
