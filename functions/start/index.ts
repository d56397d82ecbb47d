import { composeStart } from '../../lib/aws/compose-start.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { tellTokenNews } from '../shared/tell-token-news.ts';
import { createStartHandler } from './handler.ts';

const log = powertoolsLog();
const { ports, ...plug } = composeStart(tellTokenNews(log, powertoolsMeasure()));

export const handler = createStartHandler(ports, { ...plug, log });
