import { composeCancel } from '../../lib/aws/compose-cancel.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { createCancelHandler } from './handler.ts';

const { ports, ...plug } = composeCancel();

export const handler = createCancelHandler(ports, { ...plug, log: powertoolsLog() });
