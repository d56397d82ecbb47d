const LOOPBACK_HOST = /^(localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[?::1\]?)$/;

/** Tells whether a host name or address can only mean this machine; `localhost.example.com` and `0.0.0.0` do not. */
export function isLoopbackHost(host: string): boolean {
  return LOOPBACK_HOST.test(host);
}

/** Says in words why a target is refused, or null when it is an http URL on this machine. */
export function whyNotATarget(text: string): string | null {
  // URL folds other spellings first: "0x7f.1" and "2130706433" arrive here as 127.0.0.1.
  const url = URL.parse(text);
  if (url === null) return 'is not a URL';
  if (url.protocol !== 'http:') return `has the scheme ${url.protocol.slice(0, -1)}, wanted http`;
  if (url.username !== '' || url.password !== '') return 'carries credentials, wanted none';
  if (!isLoopbackHost(url.hostname)) {
    return `has the host ${url.hostname}: only this machine may be load-tested (localhost, 127.0.0.0/8, [::1])`;
  }
  return null;
}
