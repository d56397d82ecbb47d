/**
 * An `Idempotency-Key` header: 1–255 visible ASCII characters, bare, or quoted as a structured-field string
 * (draft-ietf-httpapi-idempotency-key-header, RFC 9651 §3.3.3).
 */
export const idempotencyKeyPattern =
  /^(?:"(?:[\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255}"|[\x21\x23-\x7e][\x21-\x7e]{0,254})$/;

/** The key itself: quoted and bare spellings are the same key. */
export const unquotedKey = (header: string): string =>
  header.startsWith('"') ? header.slice(1, -1).replaceAll(/\\(["\\])/g, '$1') : header;
