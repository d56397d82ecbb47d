import { describe, expect, it } from 'vitest';
import { type DeploymentDoctorOptions, examineDeployment } from '../../lib/aws/doctor.ts';
import { connectionSchema } from '../../lib/core/configuration.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { answers, world } from '../support/world.ts';

const arn = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:ci-AbCdEf';
const reference = `secretsmanager:${arn}#token`;
const names = { table: 'Jobs', schedule_group: 'Group', tick_queue: 'https://sqs/ticks', topic: 'arn:aws:sns:topic' };

/** A deployment where all is well, but for what is given. */
function deployment(more: { ports?: object; secrets?: DeploymentDoctorOptions['secrets'] } = {}) {
  const given = world();
  given.remote.status = () => answers({}, { http_status: 404 });
  const auth = { type: 'bearer', token: reference } as const;
  const ci = connectionSchema.parse({ transport: 'http', url: 'https://ci.example.com/api', auth });
  const published: [event_id: string, targets: readonly string[]][] = [];
  const announcements = {
    ...given.ports.announcements,
    publish: async ({ event_id }: { event_id: string }, targets: readonly string[]) => {
      published.push([event_id, targets]);
    },
  };
  // No connection here speaks MCP: what looks at one is held in test/embedded/doctor.test.ts.
  const mcp = { probe: () => Promise.reject(new Error('asked for tools of a connection that has none')) };
  const options = {
    ports: { ...given.ports, announcements, transports: { ...given.ports.transports, mcp }, ...more.ports },
    settings: { ...given.settings, connections: new Map([['ci', ci]]) },
    names,
    secrets: more.secrets ?? { resolve: async () => 't0p-secret' },
  };
  const examine = async (send_test = false) => {
    const checks = await examineDeployment(options, { send_test });
    expect(JSON.stringify(checks)).not.toContain('t0p-secret');
    return new Map(checks.map((check) => [check.name, check]));
  };
  return { examine, published, targets: given.settings.targets.map(({ name }) => name) };
}

describe('doctor on AWS', () => {
  it('finds nothing wrong where all is well, says what it did, and tells nobody', async () => {
    const { examine, published, targets } = deployment();
    const checks = await examine();
    expect([...checks.keys()]).toEqual([
      'job table',
      'schedules',
      'tick queue',
      'topic',
      ...targets.map((name) => `target ${name}`),
      'secret of ci',
      'connection ci',
    ]);
    expect([...checks.values()].filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.get('job table')?.message).toBe('wanted to read Jobs; that works');
    expect(published).toEqual([]);
  });
  it('says what it wanted, what it saw and what to run next', async () => {
    const refused = () => Promise.reject(new ConfigError('the schedule group refused us (AccessDeniedException)'));
    const checks = await deployment({ ports: { schedules: { create: refused, delete: refused } } }).examine();
    expect(checks.get('schedules')).toEqual({
      name: 'schedules',
      ok: false,
      message:
        'wanted to make one in the group Group and delete it; the schedule group refused us (AccessDeniedException)',
      fix_command: 'npx --no-install cdk diff',
    });
    expect(checks.get('tick queue')?.ok).toBe(true);
  });
  it('names the secret that cannot be read, and nothing of what a stranger threw', async () => {
    const resolve = () => Promise.reject(new Error('t0p-secret is no JSON'));
    const checks = await deployment({ secrets: { resolve } }).examine();
    expect(checks.get('secret of ci')).toEqual({
      name: 'secret of ci',
      ok: false,
      message: `wanted to read ${reference}; it failed (Error)`,
      fix_command: `aws secretsmanager describe-secret --secret-id ${arn}`,
    });
  });
  it('reads secrets anew: what was mended just now counts', async () => {
    const readings: unknown[] = [];
    const resolve = async (_: string, reading?: { fresh: boolean }) => {
      readings.push(reading);
      return 'x';
    };
    await deployment({ secrets: { resolve } }).examine();
    expect(readings).toEqual([{ fresh: true }]);
  });
  it('says what a connection answered, with a command that shows it', async () => {
    const call = async () => answers({}, { http_status: 503 });
    const checks = await deployment({ ports: { transports: { http: { call }, mcp: { call } } } }).examine();
    expect(checks.get('connection ci')).toEqual({
      name: 'connection ci',
      ok: false,
      message: 'https://ci.example.com/api: it is in trouble (HTTP 503)',
      fix_command: 'curl -sSI https://ci.example.com/api',
    });
  });
  it('publishes one test event for the topic and every target when it is asked to', async () => {
    const { examine, published, targets } = deployment();
    const checks = await examine(true);
    expect(published).toEqual([[expect.stringMatching(/^evt_test_/), targets]]);
    expect(checks.get('topic')?.ok).toBe(true);
  });
  it('leaves no schedule behind', async () => {
    const beats: string[] = [];
    const schedules = {
      create: async ({ ref }: { ref: { job_id: string } }) => void beats.push(`create ${ref.job_id}`),
      delete: async ({ job_id }: { job_id: string }) => void beats.push(`delete ${job_id}`),
    };
    await deployment({ ports: { schedules } }).examine();
    expect(beats.map((beat) => beat.split(' ')[0])).toEqual(['create', 'delete']);
    expect(new Set(beats.map((beat) => beat.split(' ')[1])).size).toBe(1);
  });
});
