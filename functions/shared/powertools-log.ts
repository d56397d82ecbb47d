import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from './log.ts';

/** Lines as JSON, through Powertools; the service's name and the level come from the environment it reads. */
export function powertoolsLog(): Log {
  const logger = new Logger();
  return {
    debug: (message, details) => logger.debug(message, details),
    info: (message, details) => logger.info(message, details),
    error: (message, { error, ...details }) =>
      logger.error(message, { ...details, ...(error instanceof Error ? { error } : {}) }),
  };
}
