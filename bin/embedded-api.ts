import { timingSafeEqual } from 'node:crypto';
import { type Teller, targetProblem } from '../lib/announce/tell-target.ts';
import { testEvent } from '../lib/announce/test-event.ts';
import { allRoutes } from '../lib/api/all-routes.ts';
import { headerOf } from '../lib/api/api-request.ts';
import { type Api, createApi } from '../lib/api/create-api.ts';
import { loadMcp } from '../lib/api/load-mcp.ts';
import { toolVersion } from '../lib/cli/version.ts';
import { RequestError } from '../lib/core/errors.ts';
import { examine } from '../lib/embedded/doctor.ts';
import type { Engine } from '../lib/embedded/engine.ts';
import type { Secrets, Settings } from '../lib/ports.ts';
import type { SeenBy } from '../lib/transports/examine-connection.ts';

export type EmbeddedApiOptions = {
  engine: Engine;
  settings: Settings;
  transports: SeenBy;
  secrets: Secrets;
  tell: Teller;
  /** What every caller must show; undefined where only this machine can call. */
  token: string | undefined;
  /** Names this server may be called by; undefined: any. */
  allowed_hosts: string[] | undefined;
  /** For reads that wait. */
  sleep(ms: number): Promise<void>;
  /** Hears of faults of ours. */
  log: (line: string) => void;
};

const owner = 'local';

/** Every route over a running engine. Loaded when its jobs are on their way: none of it is needed for a check. */
export function embeddedApi(options: EmbeddedApiOptions): Api {
  const { engine, settings, transports, secrets, tell, token, allowed_hosts } = options;
  const doctor = (what: { send_test: boolean }) =>
    examine(
      {
        settings,
        transports,
        targetProblem: (target) => targetProblem(target, secrets),
        sendTest: async (name) =>
          (await tell(name, testEvent(`the target "${name}"`))) ??
          ({ outcome: 'failed', gone: true, error: 'not configured', retry_after_seconds: null } as const),
      },
      what,
    );
  return createApi(
    {
      ports: { ...engine.ports, clock: { ...engine.ports.clock, sleep: options.sleep } },
      settings,
      engine: 'embedded',
      version: toolVersion,
      ownerOf: (request) => admit(headerOf(request, 'authorization'), token),
      doctor,
      mcp: loadMcp,
      open_health: true,
      log: (message, { method, path, error }) =>
        options.log(
          `${message} (${method} ${path}): ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        ),
      ...(allowed_hosts === undefined ? {} : { allowed_hosts }),
    },
    allRoutes,
  );
}

function admit(authorization: string | undefined, token: string | undefined): string {
  if (token === undefined) return owner;
  const given = Buffer.from(authorization?.replace(/^Bearer +/i, '') ?? '');
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return owner;
  throw new RequestError(
    'UNAUTHENTICATED',
    'this server wants "Authorization: Bearer" with its token; set UNTILDONE_TOKEN',
  );
}
