import { setTimeout as sleep } from 'node:timers/promises';
import { type Shell, type Spent, shellFor } from './shell.ts';
import type { Stage } from './stage.ts';

/** How the story of an agent came out. */
export type Told = { spent: Spent; outcomes: Record<string, string>; seconds: number };

type Job = { job_id: string; status: string; terminal: boolean; poll_interval_ms: number };

/** One turn: three jobs are handed over, and one of them is called off because somebody changed their mind. */
async function handOver(shell: Shell, { targets }: Stage, seconds: number): Promise<Map<string, Job>> {
  const wanted = [
    ['checkout', targets.healthy, seconds],
    ['search', targets.mortal, 4 * seconds],
    ['soak', targets.healthy, 4 * seconds],
  ] as const;
  const jobs = new Map<string, Job>();
  for (const [name, url, duration_seconds] of wanted) {
    const input = JSON.stringify({ name, url, duration_seconds });
    const what = ['--kind', 'load-test', '--connection', 'load-test', '--name', name, '--input', input];
    const { data } = await shell.run(['job', 'start', ...what, '--expected-seconds', String(duration_seconds)]);
    jobs.set(name, data as Job); // a job descriptor, by the contract of the command
  }
  await shell.run(['job', 'cancel', jobs.get('soak')?.job_id ?? '']);
  return jobs;
}

/** Hands over, ends its turn, is woken by the announcements, and reads its inbox once. */
export async function wokenAgent(stage: Stage, seconds: number): Promise<Told> {
  const began_ms = Date.now();
  const shell = shellFor(stage.engines.woken);
  const jobs = await handOver(shell, stage, seconds);
  // The turn has ended. The harness hears the webhook and starts the next one.
  shell.hear(await stage.announced(jobs.size));
  const { data } = await shell.run(['job', 'events']);
  const events = data['events'] as { data: { name: string; status: string } }[]; // a page of the inbox, by the contract
  const outcomes = Object.fromEntries(events.map(({ data: { name, status } }) => [name, status]));
  return { spent: shell.spent, outcomes, seconds: (Date.now() - began_ms) / 1000 };
}

/** The same jobs, by the loop of the job protocol: run `job status` each `poll_interval_ms`, until `terminal`. */
export async function pollingAgent(stage: Stage, seconds: number): Promise<Told> {
  const began_ms = Date.now();
  const shell = shellFor(stage.engines.polling);
  const jobs = await handOver(shell, stage, seconds);
  const outcomes: Record<string, string> = {};
  for (let open = [...jobs]; open.length > 0; open = open.filter(([name]) => !(name in outcomes))) {
    await sleep(Math.min(...open.map(([, job]) => job.poll_interval_ms)));
    for (const [name, { job_id }] of open) {
      const { data } = await shell.run(['job', 'status', job_id], true);
      const seen = data as Job; // as above
      jobs.set(name, seen);
      if (seen.terminal) outcomes[name] = seen.status;
    }
    open = open.map(([name, job]) => [name, jobs.get(name) ?? job]);
  }
  return { spent: shell.spent, outcomes, seconds: (Date.now() - began_ms) / 1000 };
}
