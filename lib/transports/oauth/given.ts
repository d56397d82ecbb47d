import type { Death } from '../../core/observation.ts';
import type { Marks } from '../death.ts';
import { hashOf, type OauthClient } from './oauth-client.ts';
import type { Given, TokenRecord } from './token-store.ts';

/** The newest refresh token of the chain, unless somebody has put another one where the reference points. */
export function headOf({ refresh_token, known }: TokenRecord, stored: string): string {
  if (refresh_token === null || refresh_token === stored) return stored;
  return known.includes(hashOf(stored)) ? refresh_token : stored;
}

/** What people gave, for which these tokens come: the client as it is now, and the beginning of the chain. */
export function givenBy({ client_id, client_secret, grant: stored }: OauthClient, before: TokenRecord): Given {
  const grant = stored === null ? null : beginningOf(stored.refresh_token, before);
  return { grant, hash: hashOf(JSON.stringify([client_id, client_secret, grant])) };
}

/** Hash of the refresh token that a person put there, if the chain goes on from it, else of the one that it began with. */
function beginningOf(stored: string, before: TokenRecord): string {
  const isNew = headOf(before, stored) === stored && before.refresh_token !== stored;
  return isNew ? hashOf(stored) : (before.given?.grant ?? hashOf(stored));
}

/** One death for what was given, whichever of its tokens is refused, and whoever refuses it. */
export const deathOfGiven = async ({
  marks,
  given,
  renew,
}: {
  marks: Marks;
  given: Given | null;
  renew: string;
}): Promise<Death> => ({ id: `given-${await marks(given?.hash ?? '')}`, renew });

/** What to do about a credential that is refused, as a sentence goes on. */
export const renewalOf = (name: string, has_grant: boolean): string =>
  has_grant
    ? `run "untildone connect ${name}" to agree anew`
    : 'check the client secret, the client_id and the token_url';
