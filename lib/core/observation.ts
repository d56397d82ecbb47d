import type { Tree } from './jmespath.ts';
import type { FaultType } from './kind.ts';

/**
 * A credential that was refused, asked for anew and refused again. `id` tells this death from others of the same connection,
 * and nothing of the secret; `renew` is what to do, in our words, as it follows "renew it: ".
 */
export type Death = { id: string; renew: string };

/** The remote side answered. `body` is undefined when it was empty or no JSON; `unparseable` says why then. */
export type Answer = {
  answered: true;
  http_status: number;
  body: Tree | undefined;
  unparseable: FaultType | null;
  /** `location`, `operation-location`, `azure-asyncoperation`: resolved against the request's URL. */
  links: Record<string, string>;
  retry_after_seconds: number | null;
  /** A 429, or a 403 that is a rate limit in disguise. */
  rate_limited: boolean;
  /**
   * MCP only: an error that the HTTP status does not show. The tool's own (`isError`) is `tool_error`, and its words are also
   * the body; JSON-RPC's are named by what HTTP would have answered.
   */
  error?: { type: FaultType; message: string };
  /** Of the credential that this answer refuses. */
  death?: Death;
};

/** No usable answer. `sent` says whether the remote side may have seen the request. */
export type Fault = {
  answered: false;
  type: FaultType;
  sent: boolean;
  message: string;
  retry_after_seconds: number | null;
  /** True when we did not even look: our own rate budget or a cool-down. No failed check. */
  postponed: boolean;
  /** Of the credential that there was none to call with. */
  death?: Death;
};

/** What one call saw. */
export type Observation = Answer | Fault;
