import { composePoll } from '../../lib/aws/compose-poll.ts';
import { readTick } from '../../lib/aws/sqs-ticks.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { createPollHandler } from './handler.ts';

const { ports, settings, sendMany } = composePoll();

export const handler = createPollHandler(ports, {
  settings,
  readTick,
  sendMany,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  log: powertoolsLog(),
  measure: powertoolsMeasure(),
});
