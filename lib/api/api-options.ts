import type { Context } from 'hono';
import type { Ports, Settings } from '../ports.ts';

/** What every route finds in its context. */
export type ApiEnv = { Variables: { owner: string; request_id: string } };

/**
 * Authenticates a request and names its owner. Throws RequestError UNAUTHENTICATED or PERMISSION_DENIED.
 * It is given Hono's context: headers are on `context.req`, a Lambda event is on `context.env`.
 */
export type OwnerOf = (context: Context) => string | Promise<string>;

/** One thing `doctor` looked at; `fix_command` runs as printed. */
export type DoctorCheck = { name: string; ok: boolean; message: string; fix_command?: string | undefined };

/** Hears of what went wrong on our side; answers never carry it. */
export type Log = (
  message: string,
  details: { request_id: string; method: string; path: string; error: unknown },
) => void;

/** One MCP request, admitted and its body read. */
export type McpRequest = {
  url: string;
  headers: Record<string, string>;
  body: unknown;
  owner: string;
  request_id: string;
};
export type McpEndpoint = (request: McpRequest) => Promise<Response>;

/** What the root plugs into the API. */
export type ApiOptions = {
  ports: Ports;
  settings: Settings;
  engine: 'embedded' | 'aws';
  version: string;
  ownerOf: OwnerOf;
  /** Checks connections and targets; without it there is no `POST /v1/doctor`. */
  doctor?: (options: { send_test: boolean }) => Promise<DoctorCheck[]>;
  log?: Log;
  /** Makes the MCP server when the first request for it comes (`loadMcp`); without it there is no `/mcp`, and its library stays out of a bundle. */
  mcp?: (options: ApiOptions) => Promise<McpEndpoint>;
  /** The most that an MCP tool holds its answer, seconds 0–25; 25 without it. */
  longest_wait_seconds?: number;
  /** True serves `/health` to anybody; otherwise it passes `ownerOf` like every route. */
  open_health?: boolean;
  /** Host names or IP literals (any port) that requests may be addressed to; others are refused, which defeats DNS rebinding. */
  allowed_hosts?: readonly string[];
};
