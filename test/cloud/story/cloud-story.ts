import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import type { Stack } from 'aws-cdk-lib';
import { expect } from 'vitest';
import type { UntilDoneProps } from '../../../lib/infra/until-done.ts';
import { adoptBody, startBody } from '../../support/world.ts';
import { gateOf, tokenOf } from '../local/gate-of.ts';
import { type LocalCloud, type LocalCloudOptions, startLocalCloud } from '../local/local-cloud.ts';
import { type MovableTime, movableTime } from '../local/movable-time.ts';
import { type Remote, startRemote } from './remote.ts';
import { deploymentFor, secretsFor, variantOf } from './shared-assembly.ts';

export type CloudStory = {
  time: MovableTime;
  remote: Remote;
  cloud: LocalCloud;
  gate: ReturnType<typeof gateOf>;
  call: (
    method: string,
    path: string,
    body?: object,
    key?: string,
    authorization?: string,
  ) => Promise<{ status: number; body: unknown }>;
  /** Hands over a run that already runs; nobody is told but the topic. Resolves to the job's id. */
  adopt: (run: string, rest?: Record<string, unknown>) => Promise<string>;
  /** The body that starts a run. */
  startBody: (run: string, rest?: Record<string, unknown>) => Record<string, unknown>;
  job: (job_id: string) => Promise<Record<string, unknown>>;
  /** Every event in the inbox, in order. */
  allEvents: () => Promise<{ type: string; event_id: string; job_id: string }[]>;
  /** Those of one job. */
  events: (job_id: string) => Promise<{ type: string; event_id: string }[]>;
  /** Ids of the ends of the job that the topic published. */
  published: (job_id: string) => string[];
  hasSchedule: (job_id: string) => boolean;
  /** The name of the one queue that begins so, after the construct's own name. */
  queue: (begins: string) => string;
  /** Puts messages into a queue, so that they come together. */
  put: (queue: string, bodies: string[]) => Promise<void>;
  /** Leaps until the job's schedule is gone. */
  untilOver: (job_id: string, within_seconds: number) => Promise<void>;
  /** The zero row: settled so, told of, nothing owed, no schedule, and no call in the hour after. */
  expectOver: (job_id: string, run: string, status?: string) => Promise<void>;
  close: () => Promise<void>;
};

export type StoryOptions = Partial<LocalCloudOptions> & {
  /** How many seconds after its time every schedule fires, 0–59. */
  late_seconds?: number;
  /** Where the MCP server is that the connection `tools` leads to. */
  tools_url?: string;
  /** Other properties of the construct, with what else its stack has. */
  properties?: (stack: Stack) => UntilDoneProps;
};

/** A local cloud with the deployment of all stories, in one time that leaps, weighed by its own policies. Close it. */
export async function cloudStory({
  late_seconds = 5,
  tools_url,
  properties,
  ...options
}: StoryOptions = {}): Promise<CloudStory> {
  const time = movableTime();
  const remote = await startRemote(time.now);
  const shared = await deploymentFor(remote.origin, tools_url);
  const { directory, ...rest } = properties === undefined ? { directory: shared } : variantOf(shared, properties);
  const gate = gateOf(directory, 'Local.template.json');
  const cloud = await startLocalCloud({
    directory,
    authorize: gate.authorize,
    token_of: tokenOf,
    time,
    secrets: secretsFor(remote.origin),
    ...rest,
    ...options,
    scheduler: { lateness_ms: () => late_seconds * 1000, ...options.scheduler },
  });

  const call: CloudStory['call'] = async (method, path, body, key, authorization) => {
    const headers = {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...(authorization === undefined ? {} : { authorization }),
    };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answered = await fetch(`${cloud.url}${path}`, { method, headers, ...sent });
    return { status: answered.status, body: await answered.json() };
  };
  const quiet = { announce: { targets: [] } };
  const job: CloudStory['job'] = async (job_id) => Object((await call('GET', `/v1/jobs/${job_id}`)).body);
  const allEvents: CloudStory['allEvents'] = async () => {
    const all: { type: string; event_id: string; data: { job_id: string } }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const from: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: { events: typeof all; next_cursor: string | null; has_more: boolean } = Object(
        (await call('GET', `/v1/events?limit=100${from}`)).body,
      );
      all.push(...page.events);
      cursor = page.has_more ? page.next_cursor : null;
    }
    return all.map(({ type, event_id, data: { job_id } }) => ({ type, event_id, job_id }));
  };
  const events: CloudStory['events'] = async (of) => (await allEvents()).filter(({ job_id }) => job_id === of);
  const hasSchedule = (job_id: string): boolean => cloud.jobSchedules().some(({ name }) => name === job_id);
  const published = (job_id: string): string[] =>
    cloud.queues.published
      .filter((message) => message.includes(`"${job_id}"`) && message.includes('"type":"job.settled"'))
      .map((message) => String(/"event_id":"([^"]+)"/.exec(message)?.[1]));

  async function owed(job_id: string): Promise<unknown> {
    const [table] = cloud.described.tables;
    const items = await cloud.dynamo.items(table?.name ?? '');
    const hot = items.find(({ pk, sk }) => pk?.S === `JOB#${job_id}` && sk?.S === 'HOT');
    return { owed: hot?.['owed']?.M, active: hot?.['active_shard']?.S };
  }

  function queue(begins: string): string {
    const found = cloud.described.queues.filter(({ name }) => new RegExp(`^UntilDone${begins}[0-9A-F]{8}$`).test(name));
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} queues begin with ${begins}`);
    return only.name;
  }

  return {
    time,
    remote,
    cloud,
    gate,
    call,
    adopt: async (run, rest = {}) => {
      const body = adoptBody({ handle: { status: { url: `/runs/${run}` } }, ...quiet, ...rest });
      const { status, body: answered } = await call('POST', '/v1/jobs', body, `key-of-${run}`);
      expect({ status, answered }).toMatchObject({ status: 202, answered: { status: 'running' } });
      return String(Object(answered).job_id);
    },
    startBody: (run, rest = {}) => {
      const { input, ...body } = startBody({ ...quiet, ...rest });
      return { ...body, input: { ...Object(input), start: { url: `/runs/${run}` } } };
    },
    job,
    allEvents,
    events,
    published,
    hasSchedule,
    queue,
    put: async (name, bodies) => {
      const Entries = bodies.map((MessageBody, number) => ({ Id: String(number), MessageBody }));
      await cloud.operator.sqs.send(new SendMessageBatchCommand({ QueueUrl: cloud.queues.queueUrl(name), Entries }));
    },
    untilOver: (job_id, within_seconds) => time.until(() => !hasSchedule(job_id), within_seconds),
    expectOver: async (job_id, run, status = 'complete') => {
      expect(hasSchedule(job_id)).toBe(false);
      expect(await job(job_id)).toMatchObject({ status, terminal: true });
      expect(await owed(job_id)).toEqual({ owed: {}, active: undefined });
      const looks = remote.looks(run).length;
      await time.advance(3600);
      expect(remote.looks(run)).toHaveLength(looks);
      const settled = (await events(job_id)).filter(({ type }) => type === 'job.settled');
      expect(settled).toHaveLength(1);
      expect(new Set(published(job_id))).toContain(settled[0]?.event_id);
    },
    close: async () => {
      await cloud.close();
      await remote.close();
    },
  };
}
