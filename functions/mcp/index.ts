import { composeMcp } from '../../lib/aws/compose-mcp.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { tellTokenNews } from '../shared/tell-token-news.ts';
import { createMcpHandler } from './handler.ts';

const log = powertoolsLog();
const { ports, ...plug } = composeMcp(tellTokenNews(log, powertoolsMeasure()));

export const handler = createMcpHandler(ports, { ...plug, log });
