import { readRoutes } from '../../lib/api/read-routes.ts';
import { serverRoutes } from '../../lib/api/server-routes.ts';
import type { Ports } from '../../lib/ports.ts';
import { type ApiHandler, type ApiPlug, createApiHandler, outOfReach } from '../shared/api-handler.ts';

/** Reads, and nothing else. */
export type StatusPorts = Pick<Ports, 'clock' | 'ids'> & {
  jobs: Pick<Ports['jobs'], 'load' | 'list'>;
  events: Pick<Ports['events'], 'list'>;
  announcements: Pick<Ports['announcements'], 'list'>;
};

/** Every GET. `long_poll_seconds` is the most that an answer is held, 0–25. */
export function createStatusHandler(ports: StatusPorts, plug: ApiPlug & { long_poll_seconds: number }): ApiHandler {
  const handler = createApiHandler(readOnly(ports), plug, { routes: [readRoutes, serverRoutes] });
  return (event) => handler({ ...event, rawQueryString: heldFor(event.rawQueryString, plug.long_poll_seconds) });
}

/** Lowers `wait_seconds`; what is no number is left for the API to refuse. */
export function heldFor(query: string, most_seconds: number): string {
  return query.replace(/(^|&)wait_seconds=(\d+)(?=&|$)/g, (_, before: string, seconds: string) =>
    // More than the API takes is refused there too.
    Number(seconds) > 25
      ? `${before}wait_seconds=${seconds}`
      : `${before}wait_seconds=${Math.min(Number(seconds), most_seconds)}`,
  );
}

function readOnly({ jobs, events, announcements, clock, ids }: StatusPorts): Ports {
  const { load, list } = jobs;
  const unwritable = outOfReach<Ports['jobs']>('what it only reads');
  return {
    jobs: Object.assign(Object.create(unwritable), { load, list }),
    events: { append: refused, list: events.list },
    announcements: { publish: refused, list: announcements.list },
    schedules: outOfReach('schedules'),
    ticks: outOfReach('ticks'),
    transports: outOfReach('remote systems'),
    clock,
    ids,
  };
}

const refused = (): Promise<never> => Promise.reject(new Error('this function only reads'));
