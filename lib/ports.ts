import type { JobEvent } from './core/announcement.ts';
import type { Connection, Target } from './core/configuration.ts';
import type { Address, AnnouncementState } from './core/descriptor.ts';
import type { SharedNews } from './core/shared-news.ts';

export type { JobEvent };

import type { Handle, Job, JobRef, JobSeen, OwedEvent, StatePatch, Status } from './core/job.ts';
import type { HttpCall, Kind, McpCall } from './core/kind.ts';
import type { Answer, Fault } from './core/observation.ts';

export type { Answer, Fault };

/** The outside world, on one page. Flow asks for a `Pick` of it, which reads like an IAM policy. */
export type Ports = {
  jobs: JobStore;
  schedules: Schedules;
  ticks: Ticks;
  events: Events;
  announcements: Announcements;
  transports: Transports;
  clock: Clock;
  ids: Ids;
};

/** Plain data beside the ports: what is configured. */
export type Settings = {
  kinds: ReadonlyMap<string, Kind>;
  connections: ReadonlyMap<string, Connection>;
  targets: readonly Target[];
  address: Address;
  limits: {
    max_active_jobs_per_owner: number;
    max_checks_per_job: number;
    retention_days: number;
    /** How often a `wait_seconds` read looks again, ms. */
    wait_look_ms: number;
    /** How often a heartbeat beats that only watches over the chain. */
    watchdog_seconds: number;
    /** Progress alone is saved at most this often, ms. */
    progress_save_ms: number;
  };
};

/**
 * Single-record conditional writes only. Every write that resolves is durable, except `claim`, whose loss costs one early check,
 * and a change with what it owes, which may be so only with its event in the inbox: nobody was told before.
 * Records are values: nobody writes into one that was handed in or out.
 */
export type JobStore = {
  /** Writes the record unless there is one; then returns that one and `created: false`. */
  create(job: Job): Promise<{ created: boolean; job: Job }>;
  /** May trail the last write by a moment, unless `latest` is asked for. */
  load(job_id: string, reading?: { latest: boolean }): Promise<Job | undefined>;
  /** The fence: takes check number `expected_checks + 1`, if the job runs, its generation and number are these, and no lease is live (or the tick proves that the lease's check has ended). */
  claim(claim: Claim): Promise<Written>;
  /** Takes the one right to call the starter, if nobody has it and the job runs. */
  claimStarter(ref: JobRef, until_ms: number): Promise<Written>;
  /** Writes what changed, if the job runs and the fence holds. Never touches the cancel wish; adds to `owed`, never replaces it. */
  save(change: Change): Promise<Written>;
  /** Writes the wish to cancel, if the job runs. A wish after a declined one asks again. */
  wishCancel(ref: JobRef, at_ms: number): Promise<Written>;
  /** Strikes one event off `owed`, terminal or not. */
  paid(ref: JobRef, event_id: string): Promise<Written>;
  /** How many of the owner's jobs run, counted no further than `enough`. Some that have ended may count until all they owe is paid. */
  countActive(owner: string, enough: number): Promise<number>;
  /** Newest first. `cursor` comes from the page before. */
  list(query: ListQuery): Promise<{ jobs: Job[]; next_cursor: string | null }>;
};
export type Written = { written: true; job: Job } | { written: false; job: Job | undefined };
export type Claim = {
  ref: JobRef;
  expected_checks: number;
  /** True when the tick itself proves that the check before has ended. */
  proven: boolean;
  now_ms: number;
  lease_until_ms: number;
  next_check_at_ms: number;
  unsaved_claims: number;
};
export type Change = {
  ref: JobRef;
  /** Null when no check is behind the change, so that any number will do. */
  expected_checks: number | null;
  /** Takes check number `expected_checks + 1` with it; `state` then brings what else a claim writes. */
  takes_check?: true;
  state: StatePatch;
  owe: OwedEvent[];
  handle?: Handle;
  seen?: JobSeen;
};
export type ListQuery = { owner: string; status?: Status; kind?: string; limit: number; cursor?: string };

/** The heartbeat: a durable, repeating wake-up for one job, which outlives every crash of ours. */
export type Schedules = {
  /** Idempotent. First beat at `first_at_ms`, then every `interval_seconds` (at least a minute), until `end_at_ms` at the latest. */
  create(schedule: { ref: JobRef; interval_seconds: number; first_at_ms: number; end_at_ms: number }): Promise<void>;
  /** Idempotent: a schedule that is not there is deleted already. */
  delete(ref: JobRef): Promise<void>;
};

/** One wake-up for one job. A chain tick carries the number of the check it asks for, which proves that the one before has ended. */
export type Tick = JobRef & { carrier: 'chain' | 'heartbeat'; expected_checks: number | null; due_at_ms: number };
export type Ticks = { send(tick: Tick): Promise<void> };
/** Sends ticks in as few requests as take them. Of each, in order: undefined once it was taken, or why it was not. */
export type SendMany = (ticks: readonly Tick[]) => Promise<(Error | undefined)[]>;

/** The durable inbox of one owner. */
export type Events = {
  /** Idempotent on `event_id`. False when it was there, so that another process may be telling of it right now. */
  append(owner: string, event: JobEvent): Promise<boolean>;
  /** In append order, after `cursor`. */
  list(query: {
    owner: string;
    cursor: string | null;
    limit: number;
  }): Promise<{ events: JobEvent[]; next_cursor: string | null; has_more: boolean }>;
};
/** Tells targets. Delivery is at least once, one target never holds another. */
export type Announcements = {
  /**
   * Durably hands `event` over for each target. `again`: it may have been published before; a target that is known to have it
   * does not get it twice. Of what is `shared`, each target that people read gets the first event only, also those that the
   * engine itself tells; that event gets there however often it is published.
   */
  publish(event: JobEvent, targets: readonly string[], shared?: SharedNews, again?: boolean): Promise<void>;
  list(job: JobRef & Pick<Job, 'state'>): Promise<AnnouncementState[]>;
};
/** How a kind talks to the remote system. Never throws for what the remote side does. */
export type Transport<Call> = { call(request: TransportRequest<Call>): Promise<Answer | Fault> };
export type Transports = { http: Transport<HttpCall>; mcp: Transport<McpCall> };
export type TransportRequest<Call> = {
  connection: string;
  call: Call;
  /** The caller's own limit on the whole call, ms; the transport's own is 10 s. */
  budget_ms: number;
  /** Redirects with these statuses are answers; others are followed, for a GET. */
  redirects_as_answers: readonly number[];
  /** True for a starter: it goes out once, and once more only after a 401, which proves that nothing was done. */
  once?: boolean;
};
/** `env:NAME`, `file:PATH`, … → the secret, never a kept one if it is to be `fresh`. Throws ConfigError when there is none. */
export type Secrets = { resolve(reference: string, reading?: { fresh: boolean }): Promise<string> };

export type Clock = { now(): number; sleep(ms: number): Promise<void> };

/** 26 characters `[0-9a-z]` each: random, perhaps behind the time, or base32 of the SHA-256 of `text`. */
export type Ids = { random(): string; derive(text: string): string };
