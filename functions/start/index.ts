import { composeStart } from '../../lib/aws/compose-start.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createStartHandler } from './handler.ts';

const { ports, ...plug } = composeStart();

export const handler = createStartHandler(ports, { ...plug, log: powertoolsLog() });
