import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../lib/announce/delivery.ts';
import { emailOf } from '../../lib/announce/email.ts';
import { type EmailAttempt, sendEmail, smtpServer } from '../../lib/announce/smtp.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { aCertificate } from './a-certificate.ts';
import { type SmtpServer, type SmtpServerOptions, startSmtpServer } from './smtp-server.ts';
import { anEvent, someEvents } from './some-events.ts';

const certificate = aCertificate('mail.example');
setDefaultCACertificates([...getCACertificates('default'), certificate.cert]);

const now_ms = Date.parse('2026-11-21T09:03:13.000Z');
const event = anEvent('settled', { state: { status: 'failed', reason: 'upstream_failed' } });
const target = {
  from: 'untildone@example.com',
  to: ['ops@example.com', 'dev@example.com'],
  allow_private_network: true,
};
let server: SmtpServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
async function serve(options: SmtpServerOptions = {}): Promise<SmtpServer> {
  server = await startSmtpServer(options);
  return server;
}
const send = (more: Partial<EmailAttempt> = {}): Promise<Delivery> =>
  sendEmail({
    target,
    event,
    now_ms,
    secret: `smtp://127.0.0.1:${server?.port}`,
    resolve: async () => ['127.0.0.1'],
    ...more,
  });
const failed = (error: string) => ({ outcome: 'failed', gone: false, error, retry_after_seconds: null });
const gone = (error: string) => ({ ...failed(error), gone: true });

describe('sendEmail', () => {
  test('sends one mail to all, as it was rendered', async () => {
    const { mails } = await serve();
    expect(await send()).toEqual({ outcome: 'delivered' });
    expect(mails).toMatchObject([
      {
        from: 'untildone@example.com',
        to: ['ops@example.com', 'dev@example.com'],
        login: null,
        headers: {
          from: 'untildone@example.com',
          to: 'ops@example.com, dev@example.com',
          subject: emailOf(event).subject,
          date: 'Sat, 21 Nov 2026 09:03:13 +0000',
          'message-id': `<${event.event_id}@example.com>`,
          references: `<${event.data.job_id}@example.com>`,
          'auto-submitted': 'auto-generated',
        },
        text: emailOf(event).text,
      },
    ]);
  });

  test('gives a repetition the same Message-ID, and another event another', async () => {
    const { mails } = await serve();
    await send();
    await send({ now_ms: now_ms + 60_000 });
    await send({ event: anEvent('overdue') });
    const [first, again, other] = mails.map(({ headers }) => headers['message-id']);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.each(Object.entries(someEvents))('sends what is said of a job that is %s', async (_, told) => {
    const { mails } = await serve();
    expect(await send({ event: told })).toEqual({ outcome: 'delivered' });
    expect(mails[0]).toMatchObject({ headers: { subject: emailOf(told).subject }, text: emailOf(told).text });
  });

  test.each([
    ['by STARTTLS', 'smtp', false],
    ['from the first byte', 'smtps', true],
  ])('gives the password over TLS only, %s', async (_, scheme, secure) => {
    const { mails, port } = await serve({ certificate, secure });
    const secret = `${scheme}://ops%40example.com:p%40ss%2Fword@mail.example:${port}`;
    expect(await send({ secret })).toEqual({ outcome: 'delivered' });
    expect(mails).toMatchObject([{ login: 'ops@example.com:p@ss/word', encrypted: true }]);
  });

  test('fails, and keeps the password, where there is no TLS', async () => {
    const { steps, mails } = await serve();
    expect(await send({ secret: `smtp://me:SECRET@127.0.0.1:${server?.port}` })).toEqual(failed('tls'));
    expect(steps.filter((step) => /^(AUTH|MAIL)/.test(step))).toEqual([]);
    expect(mails).toEqual([]);
  });

  test.each([
    ['by STARTTLS', 'smtp', false],
    ['from the first byte', 'smtps', true],
  ])('fails, and says nothing, where the certificate is of another name, %s', async (_, scheme, secure) => {
    const { steps, mails, port } = await serve({ certificate, secure });
    expect(await send({ secret: `${scheme}://me:SECRET@other.example:${port}` })).toEqual(failed('tls'));
    expect(steps.filter((step) => /^(AUTH|MAIL)/.test(step))).toEqual([]);
    expect(mails).toEqual([]);
  });

  const answering =
    (to: RegExp, answer: string) =>
    (step: string): string | undefined =>
      to.test(step) ? answer : undefined;
  test.each<[string, RegExp, string, object]>([
    ['a sender refused for good', /^MAIL/, '550 SECRET', gone('smtp_550')],
    ['every recipient refused for good', /^RCPT/, '550 SECRET', gone('smtp_550')],
    ['one recipient refused', /^RCPT.*dev@/, '550 no such user', { outcome: 'delivered' }],
    ['every recipient put off', /^RCPT/, '451 later', failed('smtp_451')],
    ['the message refused for good', /^message/, '554 spam', gone('smtp_554')],
    ['the message put off', /^message/, '452 full', failed('smtp_452')],
    ['DATA refused for good', /^DATA/, '554 no', gone('smtp_554')],
    ['no service', /^greeting/, '554 no service', failed('smtp_554')],
    ['too busy', /^EHLO/, '421 busy', failed('smtp_421')],
    ['a login that is wanted', /^MAIL/, '530 authentication required', failed('auth_refused')],
    ['a greeting that is none', /^greeting/, 'HTTP/1.1 400 Bad Request', failed('connection_reset')],
    ['a connection that ends', /^RCPT/, 'close', failed('connection_reset')],
    ['a connection that ends after the message', /^message/, 'close', failed('connection_reset')],
  ])('answers %s', async (_, to, answer, outcome) => {
    await serve({ script: answering(to, answer) });
    expect(await send()).toEqual(outcome);
  });

  test('tries again after a password was refused: an operator can mend it', async () => {
    const { port } = await serve({ certificate, script: answering(/^AUTH/, '535 not SECRET') });
    expect(await send({ secret: `smtp://me:SECRET@mail.example:${port}` })).toEqual(failed('auth_refused'));
  });

  test.each(['greeting', 'EHLO', 'RCPT', 'message'])('fails with timeout when the server hangs at %s', async (step) => {
    await serve({ script: answering(new RegExp(`^${step}`), 'hang') });
    expect(await send({ limit_ms: 200 })).toEqual(failed('timeout'));
  });

  test('fails with connection_refused when nobody listens', async () => {
    const { port } = await serve();
    await server?.close();
    expect(await send({ secret: `smtp://127.0.0.1:${port}` })).toEqual(failed('connection_refused'));
  });

  test('fails with dns for a name that does not resolve', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));
    expect(await send({ secret: 'smtp://mail.invalid', resolve })).toEqual(failed('dns'));
  });

  test.each([
    ['an address', '127.0.0.1'],
    ['an address of IPv6', '[::1]'],
    ['a mapped address', '[::ffff:127.0.0.1]'],
    ['a name that resolves to it', 'mail.example'],
    ['a number', '2130706433'],
  ])('fails with not_allowed, and connects to nothing, for a private network: %s', async (_, host) => {
    const { accepted, port } = await serve();
    const closed = { ...target, allow_private_network: false };
    expect(await send({ target: closed, secret: `smtp://${host}:${port}` })).toEqual(failed('not_allowed'));
    expect(accepted()).toBe(0);
  });

  test('fails with not_allowed for metadata addresses, whatever is allowed', async () => {
    expect(await send({ secret: 'smtp://169.254.169.254' })).toEqual(failed('not_allowed'));
    expect(await send({ secret: 'smtp://mail.example', resolve: async () => ['169.254.169.254'] })).toEqual(
      failed('not_allowed'),
    );
  });

  test('fails, and sends nothing, when the secret is no smtp_url', async () => {
    expect(await send({ secret: 'https://SECRET' })).toEqual(failed('secret_unusable'));
  });
});

describe('smtpServer', () => {
  test.each<[string, object]>([
    ['smtp://mail.example', { host: 'mail.example', port: 587, secure: false, auth: null }],
    ['smtps://mail.example/', { host: 'mail.example', port: 465, secure: true, auth: null }],
    ['smtp://[::1]:25', { host: '::1', port: 25, secure: false, auth: null }],
    [
      'smtp://a%40b:c%3Ad@mail.example:2525\n',
      { host: 'mail.example', port: 2525, auth: { user: 'a@b', pass: 'c:d' } },
    ],
  ])('reads %j', (text, wanted) => {
    expect(smtpServer(text)).toMatchObject(wanted);
  });
  test.each([
    '',
    'SECRET',
    'https://SECRET@mail.example',
    'smtp://',
    'smtp:SECRET',
    'smtp://mail.example/SECRET',
    'smtp://mail.example?SECRET=1',
    'smtp://mail.example#SECRET',
    'smtp://me:SECRET%zz@mail.example',
    'smtp://mail.example:99999',
  ])('rejects %j without repeating it', (text) => {
    const read = () => smtpServer(text);
    expect(read).toThrow(ConfigError);
    expect(read).not.toThrow(/SECRET/);
  });
});
