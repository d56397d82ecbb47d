import { composePoll } from '../../lib/aws/compose-poll.ts';
import { readTick } from '../../lib/aws/sqs-ticks.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { tellTokenNews } from '../shared/tell-token-news.ts';
import { createPollHandler } from './handler.ts';

const [log, measure] = [powertoolsLog(), powertoolsMeasure()];
const { ports, ...plug } = composePoll(tellTokenNews(log, measure));

export const handler = createPollHandler(ports, { ...plug, readTick, log, measure });
