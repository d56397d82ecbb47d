/** First in, first out, also with a hundred thousand in line, where an array's `shift` moves them all. */
export type Fifo<T> = { push(item: T): void; shift(): T | undefined; clear(): void };

const mostTaken = 1024;

export function createFifo<T>(): Fifo<T> {
  let items: T[] = [];
  let taken = 0;
  return {
    push: (item) => void items.push(item),
    shift: () => {
      const item = items[taken];
      if (item === undefined) return undefined;
      taken += 1;
      if (taken === items.length || taken === mostTaken) {
        items = items.slice(taken);
        taken = 0;
      }
      return item;
    },
    clear: () => {
      items = [];
      taken = 0;
    },
  };
}
