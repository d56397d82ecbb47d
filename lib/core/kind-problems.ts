import { callsOf } from './calls-of.ts';
import type { Problem } from './errors.ts';
import { handleNames, namedSources } from './handle.ts';
import type { Call, Kind } from './kind.ts';
import { misplacesOptional, neededBy, placeholdersOf } from './template.ts';

const callSides = ['status', 'progress', 'cancel'] as const;

/** What a kind of the configuration lacks to be usable: calls, acceptors, or names its calls ask for. */
export function kindProblems(kind: Kind): Problem[] {
  const problems: Problem[] = [];
  if (kind.carries_calls === true)
    problems.push({ path: 'carries_calls', message: 'is for built-in kinds; write the calls into the kind' });
  if (kind.status === undefined) problems.push({ path: 'status', message: 'is missing: how is the job looked at?' });
  if (kind.acceptors === undefined)
    problems.push({ path: 'acceptors', message: 'is missing: which answers are terminal?' });
  if (kind.start !== undefined && Object.keys(kind.handle ?? {}).length === 0)
    problems.push({ path: 'handle', message: 'is missing: which ids does the start answer hold?' });
  problems.push(...nameProblems(kind), ...eachProblems(kind), ...estimateProblems(kind));
  for (const [path, call] of callsOf(kind))
    if (misplacesOptional(call))
      problems.push({
        path,
        message: 'has a {name?} that is not the whole value of an argument, so that it cannot be left out',
      });
  return problems;
}

/** Names that calls and answers are asked about, and the handle does not have, or not always. */
function nameProblems(kind: Kind): Problem[] {
  const problems: Problem[] = [];
  const sources = kind.handle ?? {};
  const known = handleNames(sources);
  const missing = (name: string): string =>
    `asks for {${name}}, which is not in handle (known: ${known.join(', ') || 'none'})`;
  const optional = namedSources(sources).flatMap((one) => (one.optional ? [one.name] : []));
  for (const side of callSides) {
    const call = kind[side];
    if (call === undefined || kind.start === undefined) continue;
    for (const name of placeholdersOf(call))
      if (!known.includes(name)) problems.push({ path: side, message: missing(name) });
    for (const name of neededBy(call))
      if (optional.includes(name))
        problems.push({ path: side, message: `needs {${name}}, which may be missing ("${name}?"); write {${name}?}` });
  }
  const asked = callSides.flatMap((side) => (kind[side] === undefined ? [] : placeholdersOf(kind[side])));
  for (const name of Object.keys(kind.about ?? {}))
    if (!known.includes(name) && !asked.includes(name))
      problems.push({ path: `about.${name}`, message: missing(name) });
  return problems;
}

function eachProblems({ each, handle, start, status }: Kind): Problem[] {
  if (each === undefined) return [];
  const problems: Problem[] = [];
  if (status !== undefined && !neededBy(status).includes(each))
    problems.push({ path: 'each', message: `is "${each}", but status does not ask for {${each}}` });
  if (start !== undefined && !Object.hasOwn(handle ?? {}, each))
    problems.push({
      path: 'each',
      message: `is "${each}", which is not in handle; the start answer must hold the list`,
    });
  return problems;
}

function estimateProblems({ estimate, start, handle, status }: Kind): Problem[] {
  if (estimate === undefined) return [];
  const own = [start, status].flatMap((call) => (call === undefined ? [] : placeholdersOf(call)));
  const values = [...own, ...handleNames(handle ?? {})];
  const found = Object.keys(estimate.via?.values ?? {});
  const unknown = (path: string, call: Call, known: readonly string[]): Problem[] =>
    placeholdersOf(call)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path,
        message: `asks for {${name}}, which is in neither input, handle nor estimate.via.values`,
      }));
  return [
    ...unknown('estimate.call', estimate.call, [...values, ...found]),
    ...(estimate.via === undefined ? [] : unknown('estimate.via.call', estimate.via.call, values)),
  ];
}
