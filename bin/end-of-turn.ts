/** Resolves when this turn of the event loop has taken in what there was, for everybody who asks in it at once. */
export type EndOfTurn = () => Promise<void>;

/**
 * What a turn brings is handled side by side, a step at a time, instead of one after the other: a processor then goes through the
 * code of a step for all of them while it has it at hand, which for a small request is most of what it costs.
 */
export function createEndOfTurn(): EndOfTurn {
  let end: Promise<void> | undefined;
  return () => {
    end ??= new Promise((resolve) => {
      setImmediate(() => {
        end = undefined;
        resolve();
      });
    });
    return end;
  };
}
