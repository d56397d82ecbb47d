import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openEmbeddedServer } from '../../bin/embedded-server.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import type { JobDescriptor } from '../../lib/core/descriptor.ts';
import type { JobEvent } from '../../lib/ports.ts';
import { startSmtpServer } from '../announce/smtp-server.ts';
import { answer, type Respond, startFaultServer } from '../support/fault-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});
const here = { allow_private_network: true };

/** The server as `untildone serve` opens it: jobs over the connection `ci`, a webhook, a Slack channel and a mailbox, all on loopback. */
async function opened() {
  const valid = new Set(['token-1']);
  let starts = 0;
  const respond: Respond = ({ method, path, headers }) => {
    if (!path.startsWith('/api')) return answer(200, 'ok');
    if (path === '/api/forbidden/1') return answer(403, '{"message":"not yours"}');
    // A start was let in; by the time of the first look the token is good for nothing.
    if (method === 'POST' && path === '/api/runs') return answer(202, JSON.stringify({ id: ++starts }));
    const token = headers['authorization']?.replace('Bearer ', '') ?? '';
    return valid.has(token) ? answer(200, '{"state":"RUNNING"}') : answer(401, '{"message":"token expired"}');
  };
  const remote = await startFaultServer(respond);
  const smtp = await startSmtpServer();
  const directory = temporaryDirectory();
  close.push(directory.remove, remote.close, smtp.close);
  const renew = (token: string): void => writeFileSync(join(directory.path, 'token'), token);
  renew('token-1');
  const read = readConfiguration({
    connections: {
      ci: {
        transport: 'http',
        url: `${remote.origin}/api`,
        auth: { type: 'bearer', token: 'file:token' },
        allow_http: true,
        ...here,
      },
    },
    announce: {
      webhooks: [{ name: 'ops', url: `${remote.origin}/hook`, secret: 'env:HOOK', allow_http: true, ...here }],
      slack: [{ name: 'channel', webhook_url: 'env:SLACK', allow_http: true, ...here }],
      email: [{ name: 'mail', smtp_url: 'env:SMTP', from: 'u@example.com', to: ['ops@example.com'], ...here }],
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const open = async () => {
    const server = await openEmbeddedServer({
      configuration: read.configuration,
      configuration_directory: directory.path,
      data_directory: join(directory.path, 'data'),
      host: '127.0.0.1',
      port: 0,
      env: { HOOK: 'a-secret', SLACK: `${remote.origin}/slack`, SMTP: `smtp://127.0.0.1:${smtp.port}` },
      observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
      log: () => undefined,
    });
    close.push(server.close);
    return server;
  };
  const server = await open();
  const ask = async (path: string, body?: unknown): Promise<unknown> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await fetch(server.url + path, body === undefined ? {} : init)).json();
  };
  const start = async (status = '/runs/{id}'): Promise<JobDescriptor> =>
    (await ask('/v1/jobs', {
      kind: 'http',
      connection: 'ci',
      input: { start: { url: '/runs' }, handle: { id: 'id' }, status: { url: status } },
      acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } }],
    })) as JobDescriptor; // what the API answers with
  const hooked = (): string[] =>
    remote.seen.filter(({ path }) => path === '/hook').map(({ headers }) => headers['webhook-id'] ?? '');
  const posted = (): number => remote.seen.filter(({ path }) => path === '/slack').length;
  /** How many were told by webhook, Slack and mail, once nothing is on its way any more. */
  async function told(jobs: readonly JobDescriptor[]): Promise<[number, number, number]> {
    const pending = async (): Promise<number> => {
      const all = await Promise.all(jobs.map(({ job_id }) => ask(`/v1/jobs/${job_id}`) as Promise<JobDescriptor>)); // as above
      return all.flatMap(({ announcements }) => announcements).filter(({ state }) => state !== 'delivered').length;
    };
    await expect.poll(pending).toBe(0);
    return [new Set(hooked()).size, posted(), smtp.mails.length];
  }
  const inbox = async (): Promise<JobEvent[]> => ((await ask('/v1/events?limit=100')) as { events: JobEvent[] }).events; // as above
  return { valid, renew, start, told, inbox, smtp };
}

it('twenty jobs end with one dead credential: each has its own end, and people get one message', async () => {
  const { valid, renew, start, told, inbox, smtp } = await opened();
  valid.clear();
  const jobs = await Promise.all(Array.from({ length: 20 }, () => start()));
  for (const job of jobs) expect(job).toMatchObject({ status: 'failed', reason: 'auth_failed' });
  expect(new Set((await inbox()).map(({ data }) => data.job_id)).size).toBe(20);
  expect(await told(jobs)).toEqual([20, 1, 1]);
  const [mail] = smtp.mails;
  const renewal =
    'The credential of connection "ci" was refused; renew it: store a valid one at file:token. Its other jobs end the same way; how many is not known yet, and people are told of the first only.';
  expect(mail?.text).toContain(renewal);

  // Renewed, and dead again: that is another death.
  renew('token-2');
  valid.add('token-2');
  expect(await start()).toMatchObject({ status: 'running' });
  valid.clear();
  const more = await Promise.all(Array.from({ length: 3 }, () => start()));
  expect(await told([...jobs, ...more])).toEqual([23, 2, 2]);
});

it('jobs that are refused one by one are told one by one', async () => {
  const { start, told } = await opened();
  const jobs = [await start('/forbidden/1'), await start('/forbidden/1')];
  for (const job of jobs) expect(job).toMatchObject({ status: 'failed', reason: 'auth_failed' });
  expect(await told(jobs)).toEqual([2, 2, 2]);
});
