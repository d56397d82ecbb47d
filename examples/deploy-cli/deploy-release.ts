import type { AsyncJob } from '../../lib/exports/commander.ts';
import type { Order } from './record.ts';
import { type Built, build, type Site, sha256Of } from './release-steps.ts';

/** How a deployment came out: what changes in its job. */
export type End = Pick<AsyncJob, 'status' | 'reason' | 'message' | 'next_step' | 'result'>;

/** What a deployment is given to work with. */
export type Worker = {
  site: Site;
  /** Why it has to stop, if it has to. */
  stopped(): 'cancelled_by_caller' | 'timed_out' | undefined;
  say(phase: string, progress_pct: number): void;
  sleep(ms: number): Promise<void>;
};

/**
 * Carries out a deployment, and takes back what it did when it does not come to its end:
 *
 *   build → upload → check what was uploaded → switch → probe what is served → complete
 *             └──────────┴── stop, trouble: remove    └── stop, sick: switch back, remove
 */
export async function deployRelease(release: string, order: Order, worker: Worker): Promise<End> {
  const { site, say } = worker;
  let switched = false;
  let previous: string | null = null;
  const takeBack = async (end: End): Promise<End> => {
    if (switched && previous !== null) await site.switchTo(previous);
    if (!switched || previous !== null) await site.remove();
    if (!switched) return end;
    const now = previous === null ? 'there was no release to switch back to' : `switched back to ${previous}`;
    return { ...end, message: `${end.message}; ${now}` };
  };
  try {
    say('building', 0);
    const built = build(order.directory, release);
    const staged = await stage(built, worker);
    if (staged !== undefined) return await takeBack(staged);

    say('switching', 60);
    previous = await site.current();
    await site.switchTo(release);
    switched = true;
    const sick = await probe(release, order, worker);
    if (sick !== undefined) return await takeBack(sick);
    const result = { url: order.server, release, previous, files: built.size };
    return { status: 'complete', reason: null, message: `${order.server} serves ${release}`, result };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return takeBack(failed(message)).catch(() => ({
      ...failed(`${message}; and it could not be taken back`),
      next_step: `See which release ${order.server} serves before you deploy again.`,
    }));
  }
}

/** Uploads every file, and reads each again from where it will be served. Undefined: all are there. */
async function stage(built: Built, { site, stopped, say }: Worker): Promise<End | undefined> {
  let done = 0;
  for (const [path, { bytes, sha256 }] of built) {
    const why = stopped();
    if (why !== undefined) return stoppedBecause(why);
    say('uploading', Math.floor((done / built.size) * 50));
    if ((await site.upload(path, bytes)).sha256 !== sha256) return failed(`${path} arrived damaged`);
    done += 1;
  }
  say('checking', 50);
  for (const [path, { sha256 }] of built)
    if (sha256Of(await site.read(path, 'staged')) !== sha256) return failed(`${path} is not what was uploaded`);
  return undefined;
}

/** Asks what is served, until enough good answers came in a row. Undefined: it is healthy. */
async function probe(
  release: string,
  { probes, probe_interval_ms }: Order,
  { site, stopped, say, sleep }: Worker,
): Promise<End | undefined> {
  let good = 0;
  let bad = 0;
  while (good < probes) {
    const why = stopped();
    if (why !== undefined) return stoppedBecause(why);
    const trouble = await site.read('release.json', 'live').then(
      (bytes) => (JSON.parse(bytes.toString('utf8')).release === release ? undefined : 'another release is served'),
      (error: Error) => error.message,
    );
    good = trouble === undefined ? good + 1 : 0;
    bad = trouble === undefined ? 0 : bad + 1;
    if (bad >= probes) return failed(`sick after the switch: ${trouble}`);
    say('probing', 60 + Math.floor((good / probes) * 40));
    if (good < probes) await sleep(probe_interval_ms);
  }
  return undefined;
}

const failed = (message: string): End => ({ status: 'failed', reason: 'upstream_failed', message });

const stoppedBecause = (why: 'cancelled_by_caller' | 'timed_out'): End =>
  why === 'timed_out'
    ? { status: 'failed', reason: why, message: 'its time was up' }
    : { status: 'cancelled', reason: why, message: 'cancelled before its end' };
