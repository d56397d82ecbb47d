import { composeStatus } from '../../lib/aws/compose-status.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createStatusHandler } from './handler.ts';

const { ports, ...plug } = composeStatus();

export const handler = createStatusHandler(ports, { ...plug, log: powertoolsLog() });
