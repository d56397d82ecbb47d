import { composeStart } from '../../lib/aws/compose-start.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createMcpHandler } from './handler.ts';

// A tool may start a job: what starting touches is all that any tool touches.
const { ports, ...plug } = composeStart();

export const handler = createMcpHandler(ports, { ...plug, log: powertoolsLog() });
