export type GroupsOptions<Item, Outcome> = {
  /** How many of those that wait go together: the first, and as many after it. */
  fits: (waiting: readonly Item[]) => number;
  /** Outcomes in the order of the items; an Error is the failure of its item. What it throws is the failure of all. */
  send: (lane: string, items: Item[]) => Promise<(Outcome | Error)[]>;
};
type Waiting<Item, Outcome> = { item: Item; done: (outcome: Outcome) => void; failed: (error: unknown) => void };

/**
 * Sends items in as few requests as take them, one request of a lane after the other: those of one turn go together, and so
 * does what comes while a request is under way. Nobody waits for anybody else.
 */
export function sendInGroups<Item, Outcome>({ fits, send }: GroupsOptions<Item, Outcome>) {
  const lanes = new Map<string, Waiting<Item, Outcome>[]>();

  async function drain(name: string, lane: Waiting<Item, Outcome>[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (lane.length > 0) {
      const group = lane.splice(0, Math.max(1, fits(lane.map(({ item }) => item))));
      await send(
        name,
        group.map(({ item }) => item),
      ).then(
        (outcomes) => {
          for (const [at, { done, failed }] of group.entries()) {
            const outcome = outcomes[at] as Outcome | Error; // one for each
            if (outcome instanceof Error) failed(outcome);
            else done(outcome);
          }
        },
        (error: unknown) => {
          for (const { failed } of group) failed(error);
        },
      );
    }
    lanes.delete(name);
  }

  return (lane: string, item: Item): Promise<Outcome> =>
    new Promise((done, failed) => {
      const waiting = { item, done, failed };
      const open = lanes.get(lane);
      if (open !== undefined) return void open.push(waiting);
      const opened = [waiting];
      lanes.set(lane, opened);
      void drain(lane, opened);
    });
}
