import { longestAlarmMs, type Timers } from './timers.ts';

/** What is due, soonest first: a binary heap and one alarm for its root. `at_ms` is wall-clock time. */
export type DueQueue<T> = { add(item: T, at_ms: number): void; size(): number; stop(): void };

/** `at_ms` is monotonic here: a wall clock that jumps must neither hold ticks for hours nor fire them all at once. */
type Entry<T> = { item: T; at_ms: number };

/** Calls `run` for each item when its time has come. */
export function createDueQueue<T>(timers: Timers, run: (item: T) => void): DueQueue<T> {
  const heap: Entry<T>[] = [];
  let alarm: { at_ms: number; cancel: () => void } | null = null;
  let stopped = false;

  function ring(): void {
    alarm = null;
    for (let root = heap[0]; root !== undefined && root.at_ms <= timers.monotonic() && !stopped; root = heap[0]) {
      takeRoot(heap);
      run(root.item);
    }
    set();
  }
  function set(): void {
    const root = heap[0];
    if (root === undefined || stopped) return;
    if (alarm !== null && alarm.at_ms <= root.at_ms) return;
    alarm?.cancel();
    alarm = {
      at_ms: root.at_ms,
      cancel: timers.after(Math.min(Math.ceil(root.at_ms - timers.monotonic()), longestAlarmMs), ring),
    };
  }
  return {
    add: (item, at_ms) => {
      push(heap, { item, at_ms: timers.monotonic() + (at_ms - timers.now()) });
      if (heap[0]?.item === item) set();
    },
    size: () => heap.length,
    stop: () => {
      stopped = true;
      alarm?.cancel();
      heap.length = 0;
    },
  };
}

function push<T>(heap: Entry<T>[], entry: Entry<T>): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.at_ms <= entry.at_ms) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function takeRoot<T>(heap: Entry<T>[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const child = right !== undefined && left !== undefined && right.at_ms < left.at_ms ? 2 * at + 2 : 2 * at + 1;
    const smaller = heap[child];
    if (smaller === undefined || smaller.at_ms >= last.at_ms) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
}
