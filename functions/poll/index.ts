import { composePoll } from '../../lib/aws/compose-poll.ts';
import { readTick } from '../../lib/aws/sqs-ticks.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { createPollHandler } from './handler.ts';

const { ports, settings } = composePoll();

export const handler = createPollHandler(ports, {
  settings,
  readTick,
  log: powertoolsLog(),
  measure: powertoolsMeasure(),
});
