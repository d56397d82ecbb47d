import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** A mail as it was taken. `headers` are unfolded and decoded, names in lower case. */
export type TakenMail = {
  from: string;
  to: string[];
  /** `user:password`, when the client gave one. */
  login: string | null;
  encrypted: boolean;
  raw: string;
  headers: Record<string, string>;
  text: string;
};

export type SmtpServerOptions = {
  /** Answers a step (`greeting`, a command line, `message`) otherwise: text is sent, `hang` sends nothing, `close` hangs up; undefined is the usual answer. */
  script?: (step: string) => string | undefined;
  certificate?: { key: string; cert: string };
  /** TLS from the first byte, instead of by STARTTLS. */
  secure?: boolean;
};

/** A loopback mail server that speaks just enough SMTP, and can misbehave. Close it. */
export async function startSmtpServer(options: SmtpServerOptions = {}) {
  const { script = () => undefined, certificate, secure = false } = options;
  const mails: TakenMail[] = [];
  const steps: string[] = [];
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((plain) => {
    accepted += 1;
    sockets.add(plain);
    plain.on('close', () => sockets.delete(plain));
    plain.on('error', () => undefined);
    if (secure) serve(encrypt(plain), true);
    else serve(plain, false);
  });

  function encrypt(plain: Socket): TLSSocket {
    const socket = new TLSSocket(plain, { isServer: true, ...certificate });
    socket.on('error', () => undefined);
    return socket;
  }
  function serve(socket: Socket, encrypted: boolean, greet = true): void {
    let buffered = '';
    let mail: Pick<TakenMail, 'from' | 'to'> & { login: string | null; open: boolean } = fresh(null);
    const say = (step: string, usual: string): void => {
      steps.push(step);
      const answer = script(step) ?? usual;
      if (answer === 'close') socket.destroy();
      else if (answer !== 'hang') socket.write(`${answer}\r\n`);
    };
    const hear = (): void => {
      const end = buffered.indexOf(mail.open ? '\r\n.\r\n' : '\r\n');
      if (end === -1) return;
      // The line end before the dot belongs to the message.
      const part = buffered.slice(0, end + (mail.open ? 2 : 0));
      buffered = buffered.slice(end + (mail.open ? 5 : 2));
      if (mail.open) {
        const { from, to, login } = mail;
        if (script('message') === undefined) mails.push({ from, to, login, encrypted, ...parsed(part) });
        mail = fresh(login);
        say('message', '250 taken');
      } else command(part);
      hear();
    };
    const command = (line: string): void => {
      const verb = line.slice(0, 4).toUpperCase();
      const offers = certificate === undefined || encrypted ? '' : '250-STARTTLS\r\n';
      if (verb === 'EHLO') say(line, `250-test\r\n${offers}250-AUTH PLAIN\r\n250 8BITMIME`);
      else if (verb === 'AUTH') {
        const [, user = '', pass = ''] = Buffer.from(line.slice(11), 'base64').toString().split('\0');
        mail.login = `${user}:${pass}`;
        say('AUTH', '235 welcome');
      } else if (verb === 'STAR' && offers !== '') {
        socket.removeAllListeners('data');
        say(line, '220 go on');
        serve(encrypt(socket), true, false);
      } else if (verb === 'QUIT') socket.end('221 bye\r\n');
      else if (verb === 'DATA') {
        mail.open = script(line) === undefined;
        say(line, '354 go on');
      } else {
        if (verb === 'MAIL') mail.from = addressIn(line);
        if (verb === 'RCPT' && script(line) === undefined) mail.to.push(addressIn(line));
        say(line, ['MAIL', 'RCPT', 'RSET'].includes(verb) ? '250 fine' : '502 what?');
      }
    };
    socket.setEncoding('utf8');
    socket.on('data', (text) => {
      buffered += String(text);
      hear();
    });
    if (greet) say('greeting', '220 test');
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    mails,
    /** What the client said, in order. */
    steps,
    accepted: () => accepted,
    close: (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
export type SmtpServer = Awaited<ReturnType<typeof startSmtpServer>>;

const fresh = (login: string | null) => ({ from: '', to: [] as string[], login, open: false });
const addressIn = (line: string): string => /<([^>]*)>/.exec(line)?.[1] ?? '';

function parsed(raw: string): Pick<TakenMail, 'raw' | 'headers' | 'text'> {
  const end = raw.indexOf('\r\n\r\n');
  const headers: Record<string, string> = Object.create(null);
  for (const line of raw
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, ' ')
    .split('\r\n')) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = words(line.slice(colon + 1).trim());
  }
  const body = raw.slice(end + 4).replaceAll(/^\.\./gm, '.');
  const encoding = headers['content-transfer-encoding'];
  const text =
    encoding === 'base64'
      ? Buffer.from(body, 'base64').toString()
      : encoding === 'quoted-printable'
        ? quoted(body)
        : body;
  return { raw, headers, text: text.replaceAll('\r\n', '\n') };
}
const quoted = (text: string): string =>
  Buffer.from(
    text
      .replaceAll(/=\r?\n/g, '')
      .replaceAll(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  ).toString();
/** RFC 2047. */
const words = (text: string): string =>
  text
    .replaceAll(/(\?=) +(=\?)/g, '$1$2')
    .replaceAll(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_, way: string, word: string) =>
      way.toLowerCase() === 'b' ? Buffer.from(word, 'base64').toString() : quoted(word.replaceAll('_', ' ')),
    );
