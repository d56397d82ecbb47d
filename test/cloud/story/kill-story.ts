import { expect } from 'vitest';
import type { Fault } from '../queues/api-call.ts';
import { type CloudStory, cloudStory } from './cloud-story.ts';

/** Where a process ends: before its call reaches anybody, or after it took effect and before its answer. */
export type Side = 'before' | 'after';
/** Which call a process ended at, and what came of the tale. */
export type Kill<Told> = { run: string; where: string; killed: string; told: Told };
/** The n-th call of one name since counting began: calls for several targets come in any order. */
type Call = { name: string; nth: number };
export type KillStory = {
  story: CloudStory;
  /** From here on the calls of a tale count. */
  begin: () => void;
  /** Notes a call that goes past AWS; true when whoever makes it is to end at it. */
  meets: (call: string) => boolean;
  /**
   * Tells a tale undisturbed, and then once for each call that was made in it, with the process killed at that one. How many
   * there are is found out, not known. Each run has a name of its own. `ends_of_rows`: of the same call many times in a row
   * (the pages of an index) only the first and the last.
   */
  killEach: <Told>(
    tale: string,
    tell: (run: string) => Promise<Told>,
    options?: { ends_of_rows: boolean },
  ) => Promise<Kill<Told>[]>;
};

/** Opens two clouds side by side, one for each side of a call, tells each the tale and closes them. Nothing may be left in them. */
export async function onBothSides(
  functions: readonly string[],
  tale: (kill: KillStory, side: Side) => Promise<void>,
): Promise<void> {
  const sides: Side[] = ['before', 'after'];
  const ended = await Promise.allSettled(
    sides.map(async (side) => {
      const kill = await killStory(side, functions);
      try {
        await tale(kill, side);
        expect(kill.story.cloud.jobSchedules()).toEqual([]);
        expect(await leftIn(kill.story)).toEqual([]);
      } finally {
        await kill.story.close();
      }
    }),
  );
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
}

/** Ids of a job's events, asked for once everything is over; the topic heard of each. */
export async function eventsIn({ allEvents, published }: CloudStory): Promise<(job_id: string) => string[]> {
  const inbox = await allEvents();
  return (job_id) => {
    const ids = inbox.filter((event) => event.job_id === job_id).map(({ event_id }) => event_id);
    expect(new Set(published(job_id))).toEqual(new Set(ids));
    return ids;
  };
}

/** A cloud in which the processes of these functions are killed, always on the same side of a call. Close its story. */
async function killStory(side: Side, functions: readonly string[]): Promise<KillStory> {
  let seen: Call[] = [];
  let planned: Call | null = null;
  let counting = false;
  let met = false;

  function meets(name: string): boolean {
    if (!counting) return false;
    const call = { name, nth: seen.filter((one) => one.name === name).length + 1 };
    seen.push(call);
    const dies = call.name === planned?.name && call.nth === planned.nth;
    met ||= dies;
    return dies;
  }
  const story = await cloudStory({
    fault: ({ action, function_name, environment }): Fault | undefined => {
      const by = nameOf(function_name);
      if (!functions.includes(by) || !meets(`${by} ${action}`)) return undefined;
      const end = (): void => void story.cloud.lambda.kill(environment);
      return side === 'before' ? { before: end } : { after: end };
    },
  });
  async function run<Told>(name: string, kill: Call | null, tell: (run: string) => Promise<Told>): Promise<Told> {
    [seen, planned, met] = [[], kill, false];
    // An event that is as old as the last page of the inbox is looked for on others: so every run makes the same calls.
    await story.time.advance(10);
    try {
      return await tell(name);
    } finally {
      counting = false;
    }
  }
  return {
    story,
    meets,
    begin: () => {
      seen = [];
      counting = true;
    },
    killEach: async (tale, tell, { ends_of_rows } = { ends_of_rows: false }) => {
      await run(`${tale}-warm-up`, null, tell);
      await run(`${tale}-whole`, null, tell);
      const calls = ends_of_rows ? endsOfRows(seen) : [...seen];
      const kills = [];
      for (const [number, call] of calls.entries()) {
        const name = `${tale}-${side}-${number}`;
        const told = await run(name, call, tell);
        const where = `${side} ${call.name}, the ${call.nth}. time`;
        expect(met, where).toBe(true);
        kills.push({ run: name, where, killed: call.name, told });
      }
      return kills;
    },
  };
}

const endsOfRows = (calls: readonly Call[]): Call[] =>
  calls.filter(({ name }, at) => calls[at - 1]?.name !== name || calls[at + 1]?.name !== name);

/** `Poll` of `UntilDonePollFunction0123ABCD`. */
export const nameOf = (function_name: string): string =>
  /^UntilDone([A-Z][a-z]+)Function/.exec(function_name)?.[1] ?? function_name;

/** Sends a request again until it is answered, as a client does. */
export async function askUntilAnswered(
  story: CloudStory,
  path: string,
  body: object,
  key?: string,
): Promise<{ status: number; body: Record<string, unknown> }> {
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const answered = await story.call('POST', path, body, key);
    if (answered.status < 500) return { status: answered.status, body: Object(answered.body) };
    await story.time.advance(2);
  }
  throw new Error('the request was never answered');
}

/** What is still owed, or still counted as active, of any job. */
async function leftIn({ cloud }: CloudStory): Promise<unknown[]> {
  const items = await cloud.dynamo.items(cloud.described.tables[0]?.name ?? '');
  const hot = items.filter(({ sk }) => sk?.S === 'HOT');
  return hot.filter(({ owed, active_shard }) => Object.keys(owed?.M ?? {}).length > 0 || active_shard !== undefined);
}
