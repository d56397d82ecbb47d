import { composeDeliver } from '../../lib/aws/compose-deliver.ts';
import { readDelivery } from '../../lib/aws/sqs-deliveries.ts';
import { powertoolsLog } from '../shared/powertools-log.ts';
import { powertoolsMeasure } from '../shared/powertools-measure.ts';
import { createDeliverHandler } from './handler.ts';

export const handler = createDeliverHandler(composeDeliver(), {
  read: readDelivery,
  log: powertoolsLog(),
  measure: powertoolsMeasure(),
});
