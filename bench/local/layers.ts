import { readFileSync } from 'node:fs';

type Profile = {
  nodes: { id: number; callFrame: { functionName: string; url: string }; children?: number[] }[];
  samples: number[];
  timeDeltas: number[];
};

/** Where the processor time goes: the share of each layer, in percent of what was busy. */
export type Layers = Record<string, number>;

/** The first that matches names the layer; a frame of Node's or of a library counts for whoever called it. */
const layers: readonly (readonly [layer: string, RegExp])[] = [
  [
    'HTTP client (undici)',
    /node_modules\/undici\/|transports\/(undici-dispatchers|exchange|node-dispatchers|dispatchers)/,
  ],
  ['safety rules and request', /transports\//],
  ['templates and acceptors', /jmespath|core\/(acceptors|template|about|plain-path)/],
  ['store', /embedded\/(database|checkpoints|open-file|sqlite-|job-rows|job-texts|kind-rows|retention)|node:sqlite/],
  ['timers', /embedded\/(due-queue|tick-runner|timers|fifo)/],
  ['announce', /lib\/announce|core\/(announcement|descriptor)/],
  ['HTTP server and API', /lib\/api|bin\/(listen|request-)/],
  ['flow and decisions', /lib\/(flow|core)/],
];

/** Reads a profile of the main thread. */
export function layersOf(path: string): Layers {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const parentOf = new Map<number, number>();
  const byId = new Map(nodes.map((node) => [node.id, node] as const));
  for (const node of nodes) for (const child of node.children ?? []) parentOf.set(child, node.id);

  const known = new Map<number, string>();
  function layerOf(id: number): string {
    const found = known.get(id);
    if (found !== undefined) return found;
    const frame = byId.get(id)?.callFrame;
    const parent = parentOf.get(id);
    const own = frame === undefined ? undefined : ownLayer(frame);
    const layer = own ?? (parent === undefined ? 'Node itself' : layerOf(parent));
    known.set(id, layer);
    return layer;
  }
  const spent: Layers = {};
  let busy = 0;
  for (const [position, id] of samples.entries()) {
    const name = byId.get(id)?.callFrame.functionName;
    if (name === '(idle)' || name === '(program)') continue;
    const micros = timeDeltas[position] ?? 0;
    const layer = layerOf(id);
    spent[layer] = (spent[layer] ?? 0) + micros;
    busy += micros;
  }
  return Object.fromEntries(
    Object.entries(spent)
      .map(([layer, micros]) => [layer, (micros / busy) * 100] as const)
      .sort(([, a], [, b]) => b - a),
  );
}

function ownLayer({ functionName, url }: { functionName: string; url: string }): string | undefined {
  if (functionName === '(garbage collector)') return 'garbage collection';
  return layers.find(([, pattern]) => pattern.test(url))?.[0];
}
