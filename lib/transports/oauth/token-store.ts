import type { OauthAuth } from '../../core/auth.ts';
import type { FaultType } from '../../core/kind.ts';
import type { Death } from '../../core/observation.ts';

/** Why no token is asked for until `until_ms`: the credential is dead, or the token endpoint is in trouble. */
export type Halt = {
  kind: 'dead' | 'trouble';
  until_ms: number;
  type: FaultType;
  /** For people, without any secret. */
  message: string;
  /** Of the secrets that were refused: others are tried at once. */
  secrets_hash: string;
  /** In a row. */
  failures: number;
  /** What these secrets came to when they were asked with before; trouble in between takes nothing back. */
  death: Death | null;
};

/** What people gave: rotation keeps it. `grant`: hash of the refresh token that the chain began with; `hash`: of it and the client's secrets. */
export type Given = { grant: string | null; hash: string };

/** What is kept of a connection's tokens. Epoch ms; null where nothing is known. */
export type TokenRecord = {
  access_token: string | null;
  /** From then on a new one is fetched; null: once it is refused. */
  fresh_until_ms: number | null;
  expires_at_ms: number | null;
  /** The newest of the chain; null: the one that the secret holds. */
  refresh_token: string | null;
  /** Hashes of refresh tokens that the secret held, or was given by us: any other was put there by a person, and wins. */
  known: readonly string[];
  /** When the newest was last written back to where the reference points. */
  written_back_at_ms: number;
  halt: Halt | null;
  given: Given | null;
};

export const noTokens: TokenRecord = {
  access_token: null,
  fresh_until_ms: null,
  expires_at_ms: null,
  refresh_token: null,
  known: [],
  written_back_at_ms: 0,
  halt: null,
  given: null,
};

/** 0 before the first write; each save makes it one more. */
export type KeptTokens = { version: number; record: TokenRecord };

/**
 * The tokens of one connection, as all processes see them. Whoever wants to refresh takes the lease; the others wait for what
 * comes of it. The version is the fence: a refresher that was too slow for its lease overwrites nothing.
 *
 *   read → lease(version) → token endpoint → save(version)      another process: read → lease refused → read → …
 *
 * What may pass (a busy table, a full disk) is thrown.
 */
export type TokenStore = {
  read(): Promise<KeptTokens>;
  /** One conditional write: the right to refresh until `until_ms`, if this is still the version and nobody has it at `now_ms`. */
  lease(version: number, now_ms: number, until_ms: number): Promise<boolean>;
  /** Writes the record and ends the lease, if this is still the version. Durable when it resolves. */
  save(version: number, record: TokenRecord): Promise<boolean>;
};

/** Where an engine keeps tokens, and how a rotated refresh token gets back to where its reference points. */
export type TokenKeeping = {
  openStore(connection: string, auth: OauthAuth): TokenStore;
  /** Milliseconds between two writes to the same reference; null: it cannot be written to, and the store leads. */
  writesEvery(reference: string): number | null;
  /** Writes `text`, if the secret still is `expected`. Throws what stopped it. */
  writeBack(reference: string, expected: string, text: string): Promise<void>;
};
