import type { Announcements } from '../ports.ts';
import { createDynamoDeliveries, type DynamoDeliveriesOptions } from './dynamo-deliveries.ts';
import { createSnsAnnouncements, type SnsAnnouncementsOptions } from './sns-announcements.ts';
import { createSnsClient } from './sns-client.ts';

export type AnnouncementsOnOptions = Omit<SnsAnnouncementsOptions, 'sns' | 'deliveries'> & {
  stored: DynamoDeliveriesOptions;
};

/** Announcements with their own client, and how each fares: a module that functions load with the first event they tell of. */
export const announcementsOn = ({ stored, ...options }: AnnouncementsOnOptions): Announcements =>
  createSnsAnnouncements({ ...options, deliveries: createDynamoDeliveries(stored), sns: createSnsClient() });
