import { createHash } from 'node:crypto';
import type { JobEvent } from '../../lib/core/announcement.ts';
import type { AnnouncementState } from '../../lib/core/descriptor.ts';
import { RequestError } from '../../lib/core/errors.ts';
import { isTerminal, type Job, type JobRef } from '../../lib/core/job.ts';
import type { SharedNews } from '../../lib/core/shared-news.ts';
import type { Announcements, Events, Ids, JobStore, Written } from '../../lib/ports.ts';

/** Sorts by age, then by name. */
const keyOf = (job: JobRef): string => `${String(job.generation_ms).padStart(15, '0')} ${job.job_id}`;
const copy = <T>(value: T): T => structuredClone(value);
function checkCursor(cursor: string | null | undefined, ours: RegExp): void {
  if (cursor === null || cursor === undefined || ours.test(cursor)) return;
  const message = 'is not one of ours';
  throw new RequestError('INVALID_REQUEST', `the cursor ${message}`, { problems: [{ path: 'cursor', message }] });
}

/** The job store as plainly as it can be said; passes the same contract suite as the adapters. */
export function memoryJobStore(): JobStore & { all: Map<string, Job> } {
  const all = new Map<string, Job>();
  const write = (ref: JobRef, may: (job: Job) => boolean, change: (job: Job) => void): Promise<Written> => {
    const job = all.get(ref.job_id);
    if (job === undefined || job.generation_ms !== ref.generation_ms || !may(job))
      return Promise.resolve({ written: false, job: copy(job) });
    change(job);
    return Promise.resolve({ written: true, job: copy(job) });
  };
  return {
    all,
    create: (job) => {
      const known = all.get(job.job_id);
      if (known !== undefined) return Promise.resolve({ created: false, job: copy(known) });
      all.set(job.job_id, copy(job));
      return Promise.resolve({ created: true, job: copy(job) });
    },
    load: (job_id) => Promise.resolve(copy(all.get(job_id))),
    claim: (claim) =>
      write(
        claim.ref,
        (job) =>
          !isTerminal(job) &&
          job.state.checks === claim.expected_checks &&
          (claim.proven || job.state.lease_until_ms <= claim.now_ms),
        ({ state }) => {
          state.checks += 1;
          state.claimed_at_ms = claim.now_ms;
          state.lease_until_ms = claim.lease_until_ms;
          state.next_check_at_ms = claim.next_check_at_ms;
          state.unsaved_claims = claim.unsaved_claims;
        },
      ),
    claimStarter: (ref, until_ms) =>
      write(
        ref,
        (job) => !isTerminal(job) && job.handle === null && job.state.starter_claimed_until_ms === null,
        (job) => {
          job.state.starter_claimed_until_ms = until_ms;
        },
      ),
    save: (change) =>
      write(
        change.ref,
        (job) => !isTerminal(job) && (change.expected_checks === null || job.state.checks === change.expected_checks),
        (job) => {
          Object.assign(job.state, copy(change.state));
          if (change.takes_check) job.state.checks += 1;
          job.state.owed.push(...copy(change.owe));
          if (change.handle !== undefined) job.handle = copy(change.handle);
          if (change.seen !== undefined) job.seen = copy(change.seen);
        },
      ),
    wishCancel: (ref, at_ms) =>
      write(
        ref,
        (job) => !isTerminal(job),
        ({ state }) => {
          if (state.cancel_outcome === 'declined' || state.cancel_requested_at_ms === null) {
            state.cancel_requested_at_ms = at_ms;
            state.cancel_outcome = null;
          }
        },
      ),
    paid: (ref, event_id) =>
      write(
        ref,
        () => true,
        (job) => {
          job.state.owed = job.state.owed.filter((owed) => owed.event_id !== event_id);
        },
      ),
    countActive: (owner, enough) =>
      Promise.resolve(
        Math.min([...all.values()].filter((job) => job.owner === owner && !isTerminal(job)).length, enough),
      ),
    list: async ({ owner, status, kind, limit, cursor }) => {
      checkCursor(cursor, /^\d{15} job_[0-9a-z]{26}$/);
      const mine = [...all.values()]
        .filter(
          (job) =>
            job.owner === owner &&
            (status === undefined || job.state.status === status) &&
            (kind === undefined || job.spec.kind.name === kind),
        )
        .sort((left, right) => (keyOf(left) < keyOf(right) ? 1 : -1));
      // After the last one shown, wherever it stands by now: jobs made between two pages shift nothing.
      const rest = cursor === undefined ? mine : mine.filter((job) => keyOf(job) < cursor);
      const jobs = copy(rest.slice(0, limit));
      const last = jobs.at(-1);
      return { jobs, next_cursor: last === undefined || rest.length <= limit ? null : keyOf(last) };
    },
  };
}

/** The inbox: cursors are positions. */
export function memoryEvents(): Events & { appended: { owner: string; event: JobEvent }[] } {
  const appended: { owner: string; event: JobEvent }[] = [];
  return {
    appended,
    append: (owner, event) => {
      const fresh = !appended.some((one) => one.event.event_id === event.event_id);
      if (fresh) appended.push({ owner, event: copy(event) });
      return Promise.resolve(fresh);
    },
    list: async ({ owner, cursor, limit }) => {
      checkCursor(cursor, /^\d{1,15}$/);
      const from = cursor === null ? 0 : Number(cursor);
      const mine = appended
        .map((one, position) => ({ ...one, position: position + 1 }))
        .filter((one) => one.owner === owner && one.position > from);
      const page = mine.slice(0, limit);
      return {
        events: page.map((one) => copy(one.event)),
        next_cursor: String(page.at(-1)?.position ?? from),
        has_more: mine.length > limit,
      };
    },
  };
}

/** Records every publish, first or repeated, and delivers nothing. */
export function memoryAnnouncements(): Announcements & {
  published: { event: JobEvent; targets: readonly string[] }[];
} {
  const published: { event: JobEvent; targets: readonly string[] }[] = [];
  const states = new Map<string, AnnouncementState & { job_id: string }>();
  const news = new Map<string, string>();
  const isFirst = ({ key }: SharedNews, target: string, event_id: string): boolean => {
    const name = `${key} ${target}`;
    if (!news.has(name)) news.set(name, event_id);
    return news.get(name) === event_id;
  };
  return {
    published,
    publish: (event, all, shared) => {
      const targets = all.filter((one) => !shared?.people.includes(one) || isFirst(shared, one, event.event_id));
      published.push({ event: copy(event), targets });
      for (const target of targets) {
        const key = `${event.event_id} ${target}`;
        if (!states.has(key))
          states.set(key, {
            target,
            event_id: event.event_id,
            state: 'pending',
            attempts: 0,
            last_error: null,
            job_id: event.data.job_id,
          });
      }
      return Promise.resolve();
    },
    list: ({ job_id }) =>
      Promise.resolve(
        [...states.values()].filter((one) => one.job_id === job_id).map(({ job_id: _, ...state }) => state),
      ),
  };
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';

/** Ids that count up instead of being random, and real SHA-256 for derived ones. */
export function countingIds(): Ids {
  let next = 0;
  return {
    random: () => String(++next).padStart(26, '0'),
    derive: (text) =>
      [...createHash('sha256').update(text).digest().subarray(0, 26)].map((byte) => alphabet[byte % 32]).join(''),
  };
}
