import type { After } from '../../functions/poll/send-together.ts';
import type { Clock, SendMany, Ticks } from '../../lib/ports.ts';

/** Many ticks through a port that takes one. */
export const oneByOne =
  (ticks: Ticks): SendMany =>
  (many) =>
    Promise.all(
      many.map((tick) =>
        ticks.send(tick).then(
          () => undefined,
          (error: Error) => error,
        ),
      ),
    );

/** Later, in a world's own time. */
export const afterOn =
  ({ ports }: { ports: { clock: Pick<Clock, 'sleep'> } }): After =>
  (ms, run) => {
    let wanted = true;
    void ports.clock.sleep(ms).then(() => {
      if (wanted) run();
    });
    return () => {
      wanted = false;
    };
  };
