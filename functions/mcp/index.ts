import { composeStart } from '../../lib/aws/compose-start.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { tellTokenNews } from '../shared/tell-token-news.ts';
import { createMcpHandler } from './handler.ts';

const log = powertoolsLog();
// A tool may start a job: what starting touches is all that any tool touches.
const { ports, doctor: _, ...plug } = composeStart(tellTokenNews(log, powertoolsMeasure()));

export const handler = createMcpHandler(ports, { ...plug, log });
