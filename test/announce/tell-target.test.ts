import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTeller, targetProblem } from '../../lib/announce/tell-target.ts';
import type { JobEvent } from '../../lib/core/announcement.ts';
import { readConfiguration, type Target, targetsOf } from '../../lib/core/configuration.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { openDatabase } from '../../lib/embedded/database.ts';
import { createSqliteAnnouncements } from '../../lib/embedded/sqlite-announcements.ts';
import { createSqliteEvents } from '../../lib/embedded/sqlite-events.ts';
import type { Secrets } from '../../lib/ports.ts';
import { createUndiciDispatchers } from '../../lib/transports/undici-dispatchers.ts';
import { aJob } from '../contracts/records.ts';
import { answer, type FaultServer, startFaultServer } from '../support/fault-server.ts';
import { manualTimers } from '../support/manual-timers.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { type SmtpServer, startSmtpServer } from './smtp-server.ts';
import { someEvents } from './some-events.ts';

const failedJob = someEvents['failed'] as JobEvent; // it is one of them
const local = { allow_private_network: true };
const mail = { from: 'untildone@example.com', to: ['ops@example.com'], ...local };

const secretsOf = (values: Record<string, string>): Secrets => ({
  resolve: async (reference) => {
    const value = values[reference];
    if (value === undefined) throw new ConfigError(`${reference} is not set`);
    return value;
  },
});
function targets(announce: unknown): Target[] {
  const read = readConfiguration({ announce });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return targetsOf(read.configuration);
}

/** The announcements of the embedded engine, with its file, telling real servers; only time is moved by hand. */
function announcing(announce: unknown, values: Record<string, string>) {
  const directory = temporaryDirectory();
  const database = openDatabase(directory.path);
  const timers = manualTimers();
  const dispatchers = createUndiciDispatchers();
  const events = createSqliteEvents(database, () => undefined);
  const announcements = createSqliteAnnouncements({
    database,
    events,
    timers,
    tell: createTeller({ targets: targets(announce), secrets: secretsOf(values), dispatchers, now: timers.now }),
    observe: () => undefined,
  });
  return {
    timers,
    announce: async (event: JobEvent): Promise<void> => {
      await events.append('me', event);
      await announcements.publish(
        event,
        targets(announce).map(({ name }) => name),
      );
    },
    states: async () =>
      Object.fromEntries(
        (await announcements.list({ ...aJob(), job_id: failedJob.data.job_id })).map(
          ({ target, state, attempts, last_error }) => [target, { state, attempts, last_error }],
        ),
      ),
    close: async (): Promise<void> => {
      await announcements.stop();
      await dispatchers.close();
      database.close();
      directory.remove();
    },
  };
}

describe('an announcement', () => {
  let http: FaultServer;
  let smtp: SmtpServer;
  let dead: SmtpServer;
  const opened: { close(): Promise<void> }[] = [];
  beforeEach(async () => {
    http = await startFaultServer(() => answer(200, 'ok'));
    smtp = await startSmtpServer();
    dead = await startSmtpServer({ script: (step) => (step === 'greeting' ? 'hang' : undefined) });
    opened.push(http, smtp, dead);
  });
  afterEach(async () => {
    for (const each of opened.splice(0)) await each.close();
  });
  const delivered = { state: 'delivered', attempts: 1, last_error: null };
  const secrets = () => ({
    'env:HOOK': 'secret',
    'env:SLACK': `${http.origin}/services/T0/B0/X`,
    'env:SMTP': `smtp://127.0.0.1:${smtp.port}`,
    'env:DEAD': `smtp://127.0.0.1:${dead.port}`,
  });
  function open(announce: unknown) {
    const world = announcing(announce, secrets());
    opened.unshift(world);
    return world;
  }

  it('of a failed job reaches the signed webhook, Slack and the mailbox', async () => {
    const world = open({
      webhooks: [{ name: 'ops', url: `${http.origin}/hook`, secret: 'env:HOOK', allow_http: true, ...local }],
      slack: [{ name: 'perf-channel', webhook_url: 'env:SLACK', allow_http: true, ...local }],
      email: [{ smtp_url: 'env:SMTP', ...mail }],
    });
    await world.announce(failedJob);
    await expect.poll(world.states).toEqual({ ops: delivered, 'perf-channel': delivered, 'email-1': delivered });
    expect(http.seen.map(({ path }) => path).sort()).toEqual(['/hook', '/services/T0/B0/X']);
    expect(smtp.mails.map(({ headers }) => headers['subject'])).toEqual(['FAILED · checkout load test · 3m12s']);
  });

  it('holds nobody where a mail server is dead', async () => {
    const world = open({
      slack: [{ webhook_url: 'env:SLACK', allow_http: true, ...local }],
      email: [
        { name: 'dead', smtp_url: 'env:DEAD', ...mail },
        { name: 'alive', smtp_url: 'env:SMTP', ...mail },
      ],
    });
    // More than are sent to one target at once.
    const many = Array.from({ length: 20 }, (_, n): JobEvent => ({ ...failedJob, event_id: `evt_${n}` }));
    for (const event of many) await world.announce(event);
    await expect.poll(() => smtp.mails.length).toBe(20);
    await expect.poll(() => http.seen.length).toBe(20);
    expect(dead.accepted()).toBeLessThanOrEqual(16);
    // Hanging up lets the attempts end before the 15 s do.
    await dead.close();
  });

  it('is tried again when the mail server puts it off, and once only', async () => {
    let busy = true;
    const flaky = await startSmtpServer({ script: (step) => (busy && /^MAIL/.test(step) ? '451 later' : undefined) });
    opened.unshift(flaky);
    const world = announcing(
      { email: [{ smtp_url: 'env:FLAKY', ...mail }] },
      { 'env:FLAKY': `smtp://127.0.0.1:${flaky.port}` },
    );
    opened.unshift(world);
    await world.announce(failedJob);
    await expect.poll(world.states).toEqual({ 'email-1': { state: 'pending', attempts: 1, last_error: 'smtp_451' } });
    busy = false;
    await world.timers.advance(5);
    await expect.poll(world.states).toMatchObject({ 'email-1': { state: 'delivered', attempts: 2 } });
    expect(flaky.mails).toHaveLength(1);
  });

  it('is given up at once when the mail server refuses it for good', async () => {
    const strict = await startSmtpServer({ script: (step) => (/^RCPT/.test(step) ? '550 nobody here' : undefined) });
    opened.unshift(strict);
    const world = announcing(
      { email: [{ smtp_url: 'env:STRICT', ...mail }] },
      { 'env:STRICT': `smtp://127.0.0.1:${strict.port}` },
    );
    opened.unshift(world);
    await world.announce(failedJob);
    await expect.poll(world.states).toEqual({ 'email-1': { state: 'failed', attempts: 1, last_error: 'smtp_550' } });
  });
});

describe('createTeller', () => {
  it('knows no target that is not configured', () => {
    const dispatchers = createUndiciDispatchers();
    const tell = createTeller({ targets: [], secrets: secretsOf({}), dispatchers, now: () => 0 });
    expect(tell('ops', failedJob)).toBeUndefined();
  });

  it('loads the mail library when there is a mail to send, not before', async () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { createTeller } = await import('./lib/announce/tell-target.ts');
      const mails = () => loaded.some((url) => url.includes('/nodemailer/'));
      const before = mails();
      const target = { type: 'email', name: 'ops', smtp_url: 'env:SMTP', from: 'a@b.c', to: ['a@b.c'], on: ['settled'], allow_private_network: false };
      const tell = createTeller({ targets: [target], secrets: { resolve: async () => 'smtp://127.0.0.1:1' }, dispatchers: {}, now: () => 0 });
      const told = await tell('ops', {});
      console.log(JSON.stringify({ before, after: mails(), told: told.error }));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
      cwd: new URL('../..', import.meta.url),
    });
    expect(JSON.parse(stdout)).toEqual({ before: false, after: true, told: 'not_allowed' });
  });
});

describe('targetProblem', () => {
  const [webhook, slack, email] = targets({
    webhooks: [{ url: 'https://hooks.example.com', secret: 'env:S' }],
    slack: [{ webhook_url: 'env:S' }],
    email: [{ smtp_url: 'env:S', ...mail }],
  }) as [Target, Target, Target]; // one of each
  const good = { webhook: 'any text', slack: 'https://hooks.slack.com/services/T/B/x', email: 'smtp://mail.example' };

  it.each([webhook, slack, email])('is none for a $type with its secret', async (target) => {
    expect(await targetProblem(target, secretsOf({ 'env:S': good[target.type] }))).toBeUndefined();
  });
  it.each([webhook, slack, email])('tells that the secret of a $type is not there', async (target) => {
    expect(await targetProblem(target, secretsOf({}))).toBe('env:S is not set');
  });
  it.each<[Target, string]>([
    [webhook, 'whsec_not base64 SECRET'],
    [slack, 'smtp://SECRET'],
    [email, 'https://SECRET'],
  ])('tells that the secret of $0.type is of another kind, without repeating it', async (target, value) => {
    const problem = await targetProblem(target, secretsOf({ 'env:S': value }));
    expect(problem).toMatch(/secret/);
    expect(problem).not.toContain('SECRET');
  });
});
