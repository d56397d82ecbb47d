import { decodePart } from './decode.ts';
import type { Route } from './route.ts';

/** What is served at one path: its routes by method, and all of those as `Allow` names them. */
export type Place = { methods: ReadonlyMap<string, Route>; allow: string };
/** The place at a path, and the parameters in it, decoded; undefined where nothing is served. */
export type FindPlace = (path: string) => { place: Place; parameters: Readonly<Record<string, string>> } | undefined;

const none = {};

/** Finds what is served at a path. Paths without parameters are looked up, the others are tried in turn. */
export function createFindPlace(routes: readonly Route[]): FindPlace {
  const fixed = new Map<string, Place>();
  const patterns: { pattern: RegExp; place: Place }[] = [];
  for (const [path, ofPath] of Map.groupBy(routes, (route) => route.path)) {
    const place = placeOf(ofPath);
    if (path.includes('{')) patterns.push({ pattern: patternOf(path), place });
    else fixed.set(path, place);
  }
  return (path) => {
    const place = fixed.get(path);
    if (place !== undefined) return { place, parameters: none };
    for (const one of patterns) {
      const found = one.pattern.exec(path);
      if (found !== null) return { place: one.place, parameters: decodeEach(found.groups) };
    }
    return undefined;
  };
}

/** `HEAD` is served wherever `GET` is. */
function placeOf(routes: readonly Route[]): Place {
  const methods = new Map(routes.map((route) => [route.method, route]));
  const allowed = [...methods.keys()].flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return { methods, allow: allowed.join(', ') };
}

const patternOf = (path: string): RegExp =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}$`);

const decodeEach = (groups: Record<string, string> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(groups).map(([name, text]) => [name, decodePart(text)]));
