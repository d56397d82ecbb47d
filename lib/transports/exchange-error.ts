import type { FaultType } from '../core/kind.ts';

const types: Record<string, FaultType> = {
  ECONNREFUSED: 'connection_refused',
  EHOSTUNREACH: 'connection_refused',
  ENETUNREACH: 'connection_refused',
  EADDRNOTAVAIL: 'connection_refused',
  EHOSTDOWN: 'connection_refused',
  ENETDOWN: 'connection_refused',
  EACCES: 'connection_refused',
  EPERM: 'connection_refused',
  EMFILE: 'connection_refused',
  UND_ERR_CLOSED: 'connection_refused',
  UND_ERR_DESTROYED: 'connection_refused',
  ECONNRESET: 'connection_reset',
  EPIPE: 'connection_reset',
  UND_ERR_SOCKET: 'connection_reset',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'connection_reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'too_large',
  HPE_HEADER_OVERFLOW: 'too_large',
  UND_ERR_INVALID_ARG: 'not_allowed',
  ERR_INVALID_CHAR: 'not_allowed',
  ERR_INVALID_HTTP_TOKEN: 'not_allowed',
  ERR_UNESCAPED_CHARACTERS: 'not_allowed',
  HPE_INVALID_EOF_STATE: 'connection_reset',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EPROTO: 'tls',
};

const words: Partial<Record<FaultType, string>> = {
  connection_refused: 'the connection was refused',
  connection_reset: 'the connection was closed before the answer was complete',
  timeout: 'the connection was not made in time',
  too_large: 'the head of the answer is too large',
  not_allowed: 'the request has characters HTTP cannot carry',
  dns: 'the name does not resolve',
  tls: 'no secure connection could be made; check the certificate and the host name',
  unparseable: 'the answer is not HTTP',
};

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');
const tlsCode =
  /^(ERR_TLS|ERR_SSL|CERT_|ERR_OSSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH|CRL_)/;

/** Names what a socket, TLS or HTTP parser error was, in the words of the acceptors. */
export function typeOfError(error: Error, at: { sent: boolean; secure: boolean }): FaultType {
  const code = codeOf(error);
  if (tlsCode.test(code)) return 'tls';
  // A connection that ends mid-answer is an "end of file" state to the parser; undici's leaves its code out at times.
  if (error.name === 'HTTPParserError' || code.startsWith('HPE_')) return types[code] ?? 'unparseable';
  const type = types[code] ?? 'connection_reset';
  return type === 'connection_reset' && at.secure && !at.sent ? 'tls' : type;
}

/** One plain sentence with the error's code, and nothing that the remote side or the request wrote. */
export function faultWords(type: FaultType, error: Error): string {
  const code = codeOf(error);
  return `${words[type] ?? 'the call failed'}${code === '' ? '' : ` (${code})`}`;
}
