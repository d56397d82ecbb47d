import type { Ports, Settings } from '../ports.ts';
import type { ApiHeaders, ApiRequest } from './api-request.ts';

/** Authenticates a request and names its owner. Throws RequestError UNAUTHENTICATED or PERMISSION_DENIED. */
export type OwnerOf = (request: ApiRequest) => string | Promise<string>;

/** One thing `doctor` looked at; `fix_command` runs as printed. */
export type DoctorCheck = { name: string; ok: boolean; message: string; fix_command?: string | undefined };

/** Hears of what went wrong on our side; answers never carry it. */
export type Log = (
  message: string,
  details: { request_id: string; method: string; path: string; error: unknown },
) => void;

/** One MCP request, admitted and its body read. */
export type McpRequest = { headers: ApiHeaders; body: unknown; owner: string; request_id: string };
/** Its answer is read to the end before anything is sent. */
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
