import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildPackage, sourceCommand } from './local/built-package.ts';
import { medians, rounded } from './local/figures.ts';
import { type Layers, layersOf } from './local/layers.ts';
import { machine } from './local/machine.ts';
import { startProcess } from './local/own-process.ts';
import { type Measured, printed, type Results } from './local/print.ts';
import { type Figures, held, kill, many, type Stage, starts, work } from './local/scenarios.ts';
import { placeFor, systems } from './local/systems.ts';

/*
 * `npm run bench`: the embedded engine beside two floors, each in a process of its own, taking turns: jobs are handed over
 * HTTP from 64 connections, looked at every N seconds until they end, and told once to a webhook. docs/performance.md says
 * what the figures mean; the last run is kept in bench/results.
 */

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    jobs: { type: 'string', default: '5000' },
    every: { type: 'string', default: '10' },
    many: { type: 'string', default: '100000' },
    'held-from': { type: 'string', default: '3000' },
    'held-step': { type: 'string', default: '1000' },
    scenario: { type: 'string', multiple: true, default: ['starts', 'work', 'kill', 'held', 'many', 'profile'] },
    system: { type: 'string', multiple: true, default: systems.map(({ name }) => name) },
    /** A folder to keep the profiles in. */
    profiles: { type: 'string' },
    // A run with options of its own is no run to compare with.
    keep: { type: 'boolean', default: process.argv.length === 2 },
  },
});
const jobs = Number(values.jobs);
const every_seconds = Number(values.every);
const chosen = systems.filter(({ name }) => values.system.includes(name));

type Scenario = {
  name: string;
  jobs: number;
  every_seconds: number;
  floors: boolean;
  run: (stage: Stage) => Promise<Figures>;
};
const ramp = { from_per_s: Number(values['held-from']), step_per_s: Number(values['held-step']) };
const scenarios: Scenario[] = [
  { name: 'starts', jobs, every_seconds: 60, floors: true, run: (stage) => starts(stage) },
  { name: 'work', jobs, every_seconds, floors: true, run: (stage) => work(stage) },
  { name: 'kill', jobs, every_seconds, floors: false, run: kill },
  { name: 'held', jobs, every_seconds: Math.min(every_seconds, 4), floors: true, run: (stage) => held(stage, ramp) },
  { name: 'many', jobs: Number(values.many), every_seconds: 60, floors: true, run: many },
];

refuseUnknown('scenario', values.scenario, [...scenarios.map(({ name }) => name), 'profile']);
refuseUnknown(
  'system',
  values.system,
  systems.map(({ name }) => name),
);
for (const name of ['rounds', 'jobs', 'every', 'many', 'held-from', 'held-step'] as const)
  if (!/^[1-9]\d{0,8}$/.test(values[name]))
    throw new Error(`--${name} is "${values[name]}"; give a whole number from 1`);

const root = mkdtempSync(join(tmpdir(), 'untildone-bench-'));
process.once('exit', () => rmSync(root, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
/** What is measured is what is published. */
const published = buildPackage(root);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const remote = startProcess({ program: here('local/remote-side.ts'), log: join(root, 'remote.log') });
const load = startProcess({ program: here('local/load.ts'), log: join(root, 'load.log') });
let runs = 0;

async function stageFor(
  system: Stage['system'],
  { jobs, every_seconds }: { jobs: number; every_seconds: number },
  command = published,
): Promise<Stage> {
  runs += 1;
  return { system, remote, load, jobs, place: await placeFor(runs, { root, command, remote_port, every_seconds }) };
}

const remote_port = await remote.ask<number>('listen');
const kept: Results = { machine: machine(), scenarios: {}, layers: {} };
try {
  for (const scenario of scenarios.filter(({ name }) => values.scenario.includes(name)))
    kept.scenarios[scenario.name] = await measured(scenario);
  if (values.scenario.includes('profile')) kept.layers = await profile();
  console.log(printed(kept));
  if (values.keep) keep(kept);
} finally {
  await Promise.all([remote.end('SIGTERM'), load.end('SIGTERM')]);
}

/** A misspelt name would measure nothing, and say so with an empty table. */
function refuseUnknown(option: string, given: readonly string[], known: readonly string[]): void {
  const unknown = given.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`--${option} is "${unknown}"; there are ${known.join('; ')}`);
}

/** Each system in turn, as often as was asked for. */
async function measured(scenario: Scenario): Promise<Measured> {
  const runs = new Map(chosen.map(({ name }) => [name, [] as Figures[]] as const));
  for (let round = 1; round <= Number(values.rounds); round++)
    for (const system of chosen) {
      if (!system.survives && !scenario.floors) continue;
      const figures = await scenario.run(await stageFor(system, scenario));
      runs.get(system.name)?.push(figures);
      const said = JSON.stringify(figures, (_, value) => (typeof value === 'number' ? rounded(value) : value));
      process.stderr.write(`${scenario.name} ${round}, ${system.name}: ${said}\n`);
    }
  const { jobs, every_seconds } = scenario;
  const figures = Object.fromEntries([...runs].map(([name, all]) => [name, medians(all)] as const));
  return { at: new Date().toISOString(), rounds: Number(values.rounds), jobs, every_seconds, figures };
}

/** The last run of each scenario, with where it was made. */
function keep(run: Results): void {
  const path = here('results/local.json');
  const before: Results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : run;
  const scenarios = { ...before.scenarios, ...run.scenarios };
  mkdirSync(here('results'), { recursive: true });
  writeFileSync(
    path,
    `${JSON.stringify({ ...run, scenarios, layers: { ...before.layers, ...run.layers } }, null, 2)}\n`,
  );
}

/** Once more, for profiles alone: a profile slows down what it looks at. */
async function profile(): Promise<Record<string, Layers>> {
  const [system] = systems;
  if (system === undefined) return {};
  const of = async (name: string, scenario: Pick<Scenario, 'jobs' | 'every_seconds'>, run: typeof starts) => {
    const path = join(values.profiles ?? root, `${name}.cpuprofile`);
    // As source, where a frame names its layer's file.
    await run(await stageFor(system, scenario, sourceCommand), { path });
    return layersOf(path);
  };
  return {
    'a start': await of('starts', { jobs, every_seconds: 60 }, starts),
    'a check, and the ends': await of('work', { jobs, every_seconds }, work),
  };
}
