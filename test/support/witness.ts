import { AsyncLocalStorage } from 'node:async_hooks';
import { isToolCall } from '../../lib/core/is-tool-call.ts';
import { isTerminal, type Job } from '../../lib/core/job.ts';
import type { Call } from '../../lib/core/kind.ts';
import type { Change, Ports, TransportRequest, Written } from '../../lib/ports.ts';

/** One call into our code: a request of a caller, or a tick. Everything in it dies together. */
export type Invocation = {
  number: number;
  of: 'start' | 'cancel' | 'read' | 'tick';
  job_id: string | null;
  dead: boolean;
};

/** What stands around a port call; `go` makes it. */
export type PortCall = {
  name: string;
  args: unknown[];
  invocation: Invocation | undefined;
  go: () => Promise<unknown>;
};
export type Around = (call: PortCall) => Promise<unknown>;

/** Every port but time and names, with `around` around each call. */
export function aroundPorts(ports: Ports, invocations: AsyncLocalStorage<Invocation>, around: Around): Ports {
  const group = <T extends object>(name: string, port: T): T =>
    new Proxy(port, {
      get: (target, key, receiver): unknown => {
        const member: unknown = Reflect.get(target, key, receiver);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]) =>
          around({
            name: `${name}.${String(key)}`,
            args,
            invocation: invocations.getStore(),
            go: () => Promise.resolve(Reflect.apply(member, target, args)),
          });
      },
    });
  return {
    ...ports,
    jobs: group('jobs', ports.jobs),
    schedules: group('schedules', ports.schedules),
    ticks: group('ticks', ports.ticks),
    events: group('events', ports.events),
    announcements: group('announcements', ports.announcements),
    transports: {
      http: group('transports', ports.transports.http),
      mcp: group('transports', ports.transports.mcp),
    },
  };
}

/** Watches the ports and keeps what must never be: see `expectZeroRow`. */
export function witness() {
  const invocations = new AsyncLocalStorage<Invocation>();
  let count = 0;
  const calls: string[] = [];
  const settled = new Set<string>();
  const owed = new Map<string, string>();
  const underWay = new Map<string, number>();
  const seen = { callsAfterTheEnd: [] as string[], overlaps: [] as string[], rewrittenEnds: [] as string[] };

  const noteRecord = (job: Job | undefined): void => {
    if (job !== undefined && isTerminal(job)) settled.add(job.job_id);
  };
  const around: Around = async ({ name, args, invocation, go }) => {
    calls.push(name);
    if (name === 'transports.call') return remoteCall(args[0] as TransportRequest<Call>, invocation, go);
    const [first] = args;
    const result = await go();
    if (name === 'jobs.create') {
      const { created, job } = result as { created: boolean; job: Job };
      if (invocation !== undefined) invocation.job_id = job.job_id;
      if (created) for (const { event_id, type } of job.state.owed) owed.set(event_id, type);
      noteRecord(job);
    }
    if (name === 'jobs.save') {
      const written = result as Written;
      if (written.written) {
        const { job_id } = written.job;
        if (settled.has(job_id)) seen.rewrittenEnds.push(job_id);
        for (const { event_id, type } of (first as Change).owe) owed.set(event_id, type);
        noteRecord(written.job);
      }
    }
    return result;
  };
  async function remoteCall(
    { call }: TransportRequest<Call>,
    invocation: Invocation | undefined,
    go: () => Promise<unknown>,
  ): Promise<unknown> {
    const job_id = invocation?.job_id ?? null;
    const said = isToolCall(call) ? call.tool : `${call.method ?? 'GET'} ${call.url}`;
    if (job_id === null) return go();
    if (settled.has(job_id)) seen.callsAfterTheEnd.push(said);
    const begun = (underWay.get(job_id) ?? 0) + 1;
    underWay.set(job_id, begun);
    if (begun > 1) seen.overlaps.push(said);
    try {
      return await go();
    } finally {
      underWay.set(job_id, (underWay.get(job_id) ?? 1) - 1);
    }
  }

  return {
    around,
    invocations,
    calls,
    owed,
    seen,
    /** Runs `work` as one invocation. */
    invoke: <T>(of: Invocation['of'], job_id: string | null, work: () => Promise<T>): Promise<T> =>
      invocations.run({ number: ++count, of, job_id, dead: false }, work),
  };
}
