import { afterEach, describe, expect, it } from 'vitest';
import { openEmbeddedServer } from '../../bin/embedded-server.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { answer, startFaultServer } from '../support/fault-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { startSmtpServer } from './smtp-server.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});
const here = { allow_private_network: true };

/** The server as `untildone serve` opens it, watching a loopback service, with Slack and a mailbox beside it. */
async function world(env: Record<string, string> = {}) {
  const remote = await startFaultServer(({ method }) =>
    method === 'GET' ? answer(200, '{"state":"ERROR","message":"41 % of the requests failed"}') : answer(200, 'ok'),
  );
  const smtp = await startSmtpServer();
  const directory = temporaryDirectory();
  opened.push(remote, smtp, { close: async () => directory.remove() });
  const read = readConfiguration({
    connections: { ci: { transport: 'http', url: remote.origin, allow_http: true, ...here } },
    announce: {
      slack: [{ name: 'perf-channel', webhook_url: 'env:SLACK', allow_http: true, ...here }],
      email: [
        { name: 'ops-mail', smtp_url: 'env:SMTP', from: 'untildone@example.com', to: ['ops@example.com'], ...here },
      ],
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const server = await openEmbeddedServer({
    configuration: read.configuration,
    configuration_directory: directory.path,
    data_directory: directory.path,
    host: '127.0.0.1',
    port: 0,
    env: { SLACK: `${remote.origin}/services/T/B/x`, SMTP: `smtp://127.0.0.1:${smtp.port}`, ...env },
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
    log: () => undefined,
  });
  opened.unshift(server);
  const call = async (path: string, body?: unknown): Promise<unknown> => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return (await fetch(server.url + path, body === undefined ? {} : init)).json();
  };
  return { call, smtp, remote };
}
const job = {
  kind: 'http',
  connection: 'ci',
  name: 'nightly',
  handle: { status: { url: '/runs/42' } },
  acceptors: [
    { state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } },
    { state: 'failure', matcher: { path: 'state', expected: 'ERROR', comparator: 'stringEquals' } },
  ],
  paths: { message: 'message', upstream_state: 'state' },
};

describe('the embedded server', () => {
  it('tells Slack and the mailbox of a job that failed, and says so in its descriptor', async () => {
    const { call, smtp, remote } = await world();
    const { job_id } = (await call('/v1/jobs', job)) as { job_id: string }; // the descriptor
    await expect
      .poll(() => call(`/v1/jobs/${job_id}`))
      .toMatchObject({
        status: 'failed',
        announcements: [
          { target: 'ops-mail', state: 'delivered', attempts: 1 },
          { target: 'perf-channel', state: 'delivered', attempts: 1 },
        ],
      });
    const [mail] = smtp.mails;
    expect(mail?.headers['subject']).toMatch(/^FAILED · nightly · \ds$/);
    expect(mail?.text).toContain('> 41 % of the requests failed\n');
    const card = remote.seen.find(({ path }) => path === '/services/T/B/x');
    expect(JSON.parse(card?.body ?? '')).toMatchObject({ text: expect.stringContaining('FAILED · nightly') });
  });

  it('sends a test to each of them when the doctor is asked to', async () => {
    const { call, smtp, remote } = await world();
    const checks = JSON.stringify(await call('/v1/doctor', { send_test: true }));
    expect(checks.match(/took a test announcement/g)).toHaveLength(2);
    expect(smtp.mails[0]?.text).toContain('> This is a test of the target "ops-mail". No job has ended.\n');
    expect(remote.seen.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it.each([
    ['is not there', { SMTP: '' }, 'announce.email.0.smtp_url', /SMTP is empty/],
    ['is of another kind', { SLACK: 'T/B/SECRET' }, 'announce.slack.0.webhook_url', /no URL/],
  ])('refuses to boot with a secret that %s', async (_, env, path, message) => {
    await expect(world(env)).rejects.toMatchObject({ problems: [{ path, message: expect.stringMatching(message) }] });
  });
});
