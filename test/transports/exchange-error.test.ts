import { describe, expect, test } from 'vitest';
import type { FaultType } from '../../lib/core/kind.ts';
import { faultWords, typeOfError } from '../../lib/transports/exchange-error.ts';

const errorOf = (code: string, message = 'Bearer top-secret') => Object.assign(new Error(message), { code });

describe('typeOfError', () => {
  test.each<[string, boolean, FaultType]>([
    ['ECONNREFUSED', false, 'connection_refused'],
    ['EHOSTUNREACH', false, 'connection_refused'],
    ['ENETUNREACH', false, 'connection_refused'],
    ['UND_ERR_CONNECT_TIMEOUT', false, 'timeout'],
    ['ETIMEDOUT', true, 'timeout'],
    ['ECONNRESET', true, 'connection_reset'],
    ['EPIPE', true, 'connection_reset'],
    ['UND_ERR_SOCKET', true, 'connection_reset'],
    ['ECONNRESET', false, 'tls'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', false, 'tls'],
    ['SELF_SIGNED_CERT_IN_CHAIN', false, 'tls'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', false, 'tls'],
    ['CERT_HAS_EXPIRED', false, 'tls'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', false, 'tls'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', false, 'tls'],
    ['EPROTO', false, 'tls'],
    ['ENOTFOUND', false, 'dns'],
    ['UND_ERR_HEADERS_OVERFLOW', true, 'too_large'],
    ['SOMETHING_NEW', true, 'connection_reset'],
  ])('reads %s on https (sent: %s) as %s', (code, sent, type) => {
    expect(typeOfError(errorOf(code), { sent, secure: true })).toBe(type);
  });

  test('reads a reset of plain http before the request as connection_reset', () => {
    expect(typeOfError(errorOf('ECONNRESET'), { sent: false, secure: false })).toBe('connection_reset');
  });

  test('says nothing of what the error itself says', () => {
    expect(faultWords('connection_refused', errorOf('ECONNREFUSED'))).toBe('the connection was refused (ECONNREFUSED)');
    expect(faultWords('unparseable', new Error('Bearer top-secret'))).toBe('the answer is not HTTP');
  });
});
