import type { Socket } from 'node:net';
import type { EmailTarget } from '../core/configuration.ts';
import { ConfigError } from '../core/errors.ts';
import type { JobEvent } from '../ports.ts';
import { typeOfError } from '../transports/exchange-error.ts';
import { ConnectError, type Resolve } from '../transports/safe-connect.ts';
import { attempt_ms, type Delivery, delivered, failed, gone } from './delivery.ts';
import { emailOf } from './email.ts';
import { connectSmtp } from './smtp-socket.ts';

export type SmtpServer = {
  host: string;
  port: number;
  /** TLS from the first byte (smtps). */
  secure: boolean;
  auth: { user: string; pass: string } | null;
};

export type EmailAttempt = {
  target: Pick<EmailTarget, 'from' | 'to' | 'allow_private_network'>;
  event: JobEvent;
  now_ms: number;
  /** The smtp_url, resolved. */
  secret: string;
  resolve?: Resolve | undefined;
  /** The whole attempt (15,000 ms). */
  limit_ms?: number | undefined;
};

/** Reads `smtp://user:password@host:587` or `smtps://…:465`; those ports are the defaults. Throws ConfigError, never repeating it. */
export function smtpServer(secret: string): SmtpServer {
  const url = URL.parse(secret.trim());
  const refuse = (problem: string): ConfigError =>
    new ConfigError(`the smtp_url ${problem}; set the secret to smtp://user:password@host:587 or smtps://…:465`);
  if (url === null || (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '')
    throw refuse('is no URL of an SMTP server');
  if ((url.pathname !== '' && url.pathname !== '/') || url.search !== '' || url.hash !== '')
    throw refuse('has more than a server in it');
  const secure = url.protocol === 'smtps:';
  try {
    const user = decodeURIComponent(url.username);
    const pass = decodeURIComponent(url.password);
    return {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      secure,
      auth: user === '' ? null : { user, pass },
    };
  } catch {
    throw refuse('has a user or password that is not percent-encoded');
  }
}

/**
 * One attempt to mail an event to all of a target's addresses: taken for one of them is delivered, refused for good is gone.
 * STARTTLS is demanded, except of a server in one's own network that gets no password. An aborted attempt may still have been
 * taken; its repetition has the same Message-ID.
 */
export async function sendEmail(attempt: EmailAttempt): Promise<Delivery> {
  const { target } = attempt;
  let server: SmtpServer;
  try {
    server = smtpServer(attempt.secret);
  } catch {
    return failed('secret_unusable');
  }
  // Loaded when the first mail goes out: who has no e-mail target does not pay for it.
  const { createTransport } = await import('nodemailer');
  const { allow_private_network } = target;
  const signal = AbortSignal.timeout(attempt.limit_ms ?? attempt_ms);
  let socket: Socket;
  try {
    socket = await connectSmtp({ ...server, allow_private_network, signal, resolve: attempt.resolve });
  } catch (error) {
    return failed(connectFault(error, signal));
  }
  const transport = createTransport({
    host: server.host,
    secure: server.secure,
    requireTLS: server.auth !== null || !allow_private_network,
    ...(server.auth === null ? {} : { auth: server.auth }),
    getSocket: (_: unknown, hand: (error: null, over: { connection: Socket }) => void) =>
      hand(null, { connection: socket }),
    disableFileAccess: true,
    disableUrlAccess: true,
    greetingTimeout: attempt_ms,
    socketTimeout: attempt_ms,
    socketCloseTimeout: 1_000,
    maxResponseSize: 65_536,
  });
  try {
    await transport.sendMail({ ...messageOf(attempt), signal });
    return delivered;
  } catch (error) {
    socket.destroy();
    return signal.aborted ? failed('timeout') : failureOf(error);
  }
}

/** The mail itself. Addresses are passed on as they stand; the ids are ours, made of characters that every header may hold. */
function messageOf({ target, event, now_ms }: EmailAttempt) {
  const { subject, text } = emailOf(event);
  const id = (text: string): string =>
    `<${text.replace(/[^A-Za-z0-9._-]/g, '_')}@${target.from.slice(target.from.lastIndexOf('@') + 1)}>`;
  return {
    from: { name: '', address: target.from },
    to: target.to.map((address) => ({ name: '', address })),
    subject,
    text,
    date: new Date(now_ms),
    messageId: id(event.event_id),
    // One thread a job, in clients that go by references.
    references: id(event.data.job_id),
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

function connectFault(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'timeout';
  if (error instanceof ConnectError) return error.type;
  return error instanceof Error ? typeOfError(error, { sent: false, secure: false }) : 'connection_reset';
}

const faults: Record<string, string> = {
  EAUTH: 'auth_refused',
  ENOAUTH: 'auth_refused',
  ETLS: 'tls',
  EREQUIRETLS: 'tls',
  ETIMEDOUT: 'timeout',
};

/**
 * A 5xx to the envelope or the message is for good (RFC 5321 §4.2.1). One to the greeting or to a password is not: an
 * operator mends that within the hours the attempts take.
 */
function failureOf(error: unknown): Delivery {
  const { code, originalCode, responseCode } = (error ?? {}) as Record<string, unknown>; // as nodemailer makes them
  const status = typeof responseCode === 'number' ? responseCode : 0;
  const fault = status === 530 ? 'auth_refused' : faults[String(code)];
  if (fault !== undefined) return failed(fault);
  if (status >= 500 && (code === 'EENVELOPE' || code === 'EMESSAGE')) return gone(`smtp_${status}`);
  if (status > 0) return failed(`smtp_${status}`);
  return failed(typeOfError(Object.assign(new Error(), { code: originalCode }), { sent: true, secure: false }));
}
