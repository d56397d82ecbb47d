import type { JobEvent, Ports, Settings } from '../ports.ts';

/** Events in append order. `next_cursor` is where to go on, also from an empty page. */
export type EventPage = { events: JobEvent[]; next_cursor: string | null; has_more: boolean };

/** Reads the owner's inbox after `cursor`; with `wait_ms`, holds an empty answer until an event comes or the time is up. */
export async function listEvents(
  ports: Pick<Ports, 'events' | 'clock'>,
  settings: Settings,
  call: { owner: string; cursor: string | null; limit: number; wait_ms: number },
): Promise<EventPage> {
  const until_ms = ports.clock.now() + call.wait_ms;
  for (;;) {
    const page = await ports.events.list(call);
    const left_ms = until_ms - ports.clock.now();
    if (page.events.length > 0 || left_ms <= 0) return page;
    await ports.clock.sleep(Math.min(settings.limits.wait_look_ms, left_ms));
  }
}
