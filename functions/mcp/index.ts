import { composeMcp } from '../../lib/aws/compose-mcp.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createMcpHandler } from './handler.ts';

const { ports, ...plug } = composeMcp();

export const handler = createMcpHandler(ports, { ...plug, log: powertoolsLog() });
