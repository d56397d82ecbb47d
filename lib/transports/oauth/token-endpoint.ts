import type { Fault } from '../../ports.ts';
import type { Dispatchers } from '../dispatchers.ts';
import { discoverServer } from './discover.ts';
import type { OauthClient, OauthConnection } from './oauth-client.ts';
import type { TokenEndpoint } from './token-request.ts';

/** Where a connection asks for tokens, and for what. */
export type Where = { endpoint: TokenEndpoint; resource: string | undefined };

/** What was discovered is believed for so long, ms; a refusal ends it. */
const believed_ms = 3_600_000;

/** Finds the token endpoint: configured, kept beside the grant, or discovered. */
export function createEndpoints(connection: OauthConnection, dispatchers: () => Dispatchers, now: () => number) {
  let found: { where: Where; at_ms: number } | undefined;
  const wanted = (resource: string): string | undefined => (connection.transport === 'mcp' ? resource : undefined);
  return {
    /** `until_ms` on the clock of `performance.now()`. */
    of: async ({ grant }: OauthClient, until_ms: number): Promise<Where | Fault> => {
      const url = connection.auth.token_url ?? grant?.token_url;
      if (url !== undefined)
        return { endpoint: { url, auth_methods: null }, resource: grant?.resource ?? wanted(connection.url) };
      if (found !== undefined && now() - found.at_ms < believed_ms) return found.where;
      const discovered = await discoverServer(connection, { dispatchers: dispatchers(), until_ms });
      if (!discovered.ok) return discovered.fault;
      const { token_endpoint, metadata, resource } = discovered.server;
      const auth_methods = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
      found = {
        where: { endpoint: { url: token_endpoint, auth_methods }, resource: grant?.resource ?? wanted(resource) },
        at_ms: now(),
      };
      return found.where;
    },
    /** The server may have moved. */
    forget: (): void => {
      found = undefined;
    },
  };
}
