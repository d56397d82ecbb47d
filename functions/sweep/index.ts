import { composeSweep } from '../../lib/aws/compose-sweep.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { createSweepHandler } from './handler.ts';

export const handler = createSweepHandler(composeSweep(), { log: powertoolsLog(), measure: powertoolsMeasure() });
