import type { Announcements } from '../ports.ts';
import { createSnsAnnouncements, type SnsAnnouncementsOptions } from './sns-announcements.ts';
import { createSnsClient } from './sns-client.ts';

/** Announcements with their own client: a module that functions load with the first event they tell of. */
export const announcementsOn = (options: Omit<SnsAnnouncementsOptions, 'sns'>): Announcements =>
  createSnsAnnouncements({ ...options, sns: createSnsClient() });
