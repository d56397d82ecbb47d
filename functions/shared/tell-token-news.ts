import type { TokenNews } from '../../lib/transports/oauth/refresh-tokens.ts';
import type { Log } from './log.ts';
import type { Measure } from './measure.ts';

/** One line for each piece of news about a connection's tokens, and a figure for each death, which raises the alarm. */
export const tellTokenNews =
  (log: Log, measure: Measure) =>
  ({ type, connection, message }: TokenNews): void => {
    log.error(type === 'dead' ? 'CredentialDead' : 'TokenNotWrittenBack', { job_id: null, connection, why: message });
    if (type === 'dead') measure({ CredentialDead: 1 });
  };
