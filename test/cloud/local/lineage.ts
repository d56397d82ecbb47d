/*
 * How Lambda finds loops: the trace that an event comes in counts how often it came by each function. The runtime hands it
 * to the SDK, which sends it along with every call, so that a message carries it on.
 */

/** Lambda breaks a loop after about so many rounds, unless the function may loop. */
const maxHops = 16;

type Lineage = Map<string, number>;

/** The hops of several messages that come at once: of each function the most. */
function lineageIn(traces: readonly (string | undefined)[]): Lineage {
  const lineage: Lineage = new Map();
  for (const trace of traces) {
    const [, list = ''] = /Lineage=([^;]+)/.exec(trace ?? '') ?? [];
    for (const one of list.split('|').filter((text) => text !== '')) {
      const [name = '', hops = '0'] = one.split(':');
      lineage.set(name, Math.max(lineage.get(name) ?? 0, Number(hops)));
    }
  }
  return lineage;
}

/** The trace in which a function gets these messages, and whether it has had them too often. */
export function nextTrace(
  function_name: string,
  traces: readonly (string | undefined)[],
): { trace: string; is_loop: boolean } {
  const lineage = lineageIn(traces);
  const hops = (lineage.get(function_name) ?? 0) + 1;
  const list = [...lineage.set(function_name, hops)].map(([name, number]) => `${name}:${number}`).join('|');
  return { trace: `Root=1-00000000-000000000000000000000000;Sampled=0;Lineage=${list}`, is_loop: hops > maxHops };
}
