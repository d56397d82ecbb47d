import { RequestError } from '../../lib/core/errors.ts';
import type { Job } from '../../lib/core/job.ts';
import { Killed } from './killing.ts';
import { adoptBody, answers, fails, startBody, type World, type WorldOptions, world } from './world.ts';

/** A job's life: the request, what the remote side says as time passes, and what its owner does meanwhile. */
export type Story = {
  name: string;
  body: Record<string, unknown>;
  /** Sets the remote side up; `since` is the seconds since the beginning. */
  script: (one: World, since: () => number) => void;
  /** Seconds after which the owner cancels. */
  cancel_after_seconds?: number;
  /** How it ends when nothing goes wrong, as `status/reason`. */
  end: string;
  /** What is told when nothing goes wrong. */
  told: string[];
};

const during = { expected_seconds: 30, timeout_seconds: 150 };
const finishesAfter =
  (seconds: number): Story['script'] =>
  (one, since) => {
    one.remote.status = () => answers(since() < seconds ? { state: 'RUNNING' } : { state: 'FINISHED', figures: 7 });
  };

export const stories: Story[] = [
  {
    name: 'a started job completes',
    body: startBody(during),
    script: finishesAfter(12),
    end: 'complete/null',
    told: ['job.settled'],
  },
  {
    name: 'a started job whose first check comes later completes',
    body: startBody({ ...during, first_check: 'later' }),
    script: finishesAfter(5),
    end: 'complete/null',
    told: ['job.settled'],
  },
  {
    name: 'a start is refused',
    body: startBody(during),
    script: (one) => {
      one.remote.start = () => answers({ error: { message: 'no plan' } }, { http_status: 422 });
    },
    end: 'failed/start_rejected',
    told: ['job.settled'],
  },
  {
    name: 'a start stays unclear',
    body: startBody(during),
    script: (one) => {
      one.remote.start = () => fails('timeout');
    },
    end: 'failed/start_unknown',
    told: ['job.settled'],
  },
  {
    name: 'an adopted job completes',
    body: adoptBody(during),
    script: finishesAfter(12),
    end: 'complete/null',
    told: ['job.settled'],
  },
  {
    name: 'an adopted job is over already',
    body: adoptBody(during),
    script: finishesAfter(0),
    end: 'complete/null',
    told: ['job.settled'],
  },
  {
    name: 'a cancel is accepted',
    body: startBody(during),
    script: (one) => {
      let cancelled = false;
      one.remote.cancel = () => {
        cancelled = true;
        return answers({}, { http_status: 202 });
      };
      one.remote.status = () => answers({ state: cancelled ? 'ABORTED' : 'RUNNING' });
    },
    cancel_after_seconds: 10,
    end: 'cancelled/cancelled_by_caller',
    told: ['job.settled'],
  },
  {
    name: 'a job is cancelled at its deadline',
    body: adoptBody({ expected_seconds: 30, timeout_seconds: 40, cancel_on_timeout: true }),
    script: () => undefined,
    end: 'failed/timed_out',
    told: ['job.settled'],
  },
  {
    name: 'a job is lost sight of, seen again, blocked, late and done',
    body: adoptBody({ ...during, timeout_seconds: 300 }),
    script: (one, since) => {
      one.remote.status = () => {
        if (since() < 6) return answers({ state: 'RUNNING' });
        if (since() < 70) return fails('connection_reset');
        return answers({ state: since() < 110 ? 'RUNNING' : since() < 150 ? 'NEEDS_APPROVAL' : 'FINISHED' });
      };
    },
    end: 'complete/null',
    told: ['job.unreachable', 'job.reachable', 'job.overdue', 'job.blocked', 'job.settled'],
  },
];

export function storyOf(name: string): Story {
  const story = stories.find((one) => one.name === name);
  if (story === undefined) throw new Error(`no story ${name}`);
  return story;
}

/** The same call again, as a caller does whose answer never came. */
async function again<T>(one: World, retries: boolean, call: () => Promise<T>): Promise<T | undefined> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      if (!(error instanceof Killed)) throw error;
      if (!retries || attempt > 3) return undefined;
      await one.advance(2);
    }
  }
}

/** What came of a story. `orphans`: jobs that only the sweep still knew of. */
export type Lived = { one: World; job: Job | undefined; orphans: string[] };

/** Lives a story through, whatever `options` does to it. */
export async function live(story: Story, options: WorldOptions & { retries: boolean }): Promise<Lived> {
  const one = world(options);
  const begun_ms = one.now();
  story.script(one, () => (one.now() - begun_ms) / 1000);
  await again(one, options.retries, () => one.start(story.body, { idempotency_key: 'key-1' }));
  const known = [...one.jobs.keys()][0];
  if (story.cancel_after_seconds !== undefined && known !== undefined) {
    await one.advance(story.cancel_after_seconds);
    await again(one, options.retries, () => one.cancel(known));
  }
  await one.advance(75);
  const orphans = await one.sweep();
  await one.advance(900);
  return { one, job: [...one.jobs.values()][0], orphans };
}

/** `status/reason`, or that there is none. */
export const endOf = (job: Job | undefined): string =>
  job === undefined ? 'never was' : `${job.state.status}/${job.state.reason}`;
