import { composeStart } from '../../lib/aws/compose-start.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createMcpHandler } from './handler.ts';

// A tool may start a job: what starting touches is all that any tool touches.
const { ports, doctor: _, ...plug } = composeStart();

export const handler = createMcpHandler(ports, { ...plug, log: powertoolsLog() });
