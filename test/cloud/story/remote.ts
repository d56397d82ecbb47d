import { answer, type FaultServer, type SeenRequest, startFaultServer } from '../../support/fault-server.ts';

/** What the remote system says when it is asked how a run is: its state, or a whole answer of one's own. */
export type Status = (look: { run: string; number: number; at_ms: number }) => string;

export type Remote = FaultServer & {
  /** From now on runs are so; running for ever unless told. */
  say: (status: Status) => void;
  /** Times at which a run was looked at, ms. */
  looks: (run: string) => number[];
  /** How often each run was started. */
  starts: () => string[];
  /** How targets answer what they are told, each counting from 1; 204 unless said. Null: it has not reached them. */
  sayHook: (status: Hear) => void;
  /** What the webhook's target got. */
  hooks: () => SeenRequest[];
  /** What all targets got, with what they answered. */
  told: () => (SeenRequest & { status: number })[];
  /** How often each run was asked to end. */
  cancels: () => string[];
};
export type Hear = (number: number, path: string) => number | null;

/** An answer with a state. */
export const state = (word: string): string => json(200, { state: word });
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): string =>
  answer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });

/** A remote system on loopback. `POST /runs/<name>` starts that run, `GET /runs/<name>` looks at it, `POST /hook` and `POST /slack` are told of it, `POST /runs/<name>/cancel` ends it. */
export async function startRemote(now: () => number): Promise<Remote> {
  let status: Status = () => state('RUNNING');
  let hear: Hear = () => 204;
  const told: (SeenRequest & { status: number })[] = [];
  const heard: Record<string, number> = { '/hook': 0, '/slack': 0 };
  const cancelled: string[] = [];
  const looked = new Map<string, number[]>();
  const started: string[] = [];
  const server = await startFaultServer((request) => {
    const { method, path } = request;
    const run = path.split('/').at(-1) ?? '';
    if (path in heard) {
      heard[path] = (heard[path] ?? 0) + 1;
      const status = hear(heard[path], path);
      if (status === null) return undefined;
      told.push({ ...request, status });
      return answer(status);
    }
    if (method === 'POST' && run === 'cancel') {
      cancelled.push(path.split('/').at(-2) ?? '');
      return json(202, {});
    }
    if (method === 'POST') {
      started.push(run);
      return json(202, { id: run });
    }
    const looks = [...(looked.get(run) ?? []), now()];
    looked.set(run, looks);
    return status({ run, number: looks.length, at_ms: now() });
  });
  return {
    ...server,
    say: (how) => {
      status = how;
    },
    sayHook: (how) => {
      hear = how;
      for (const path of Object.keys(heard)) heard[path] = 0;
    },
    looks: (run) => looked.get(run) ?? [],
    starts: () => started,
    hooks: () => told.filter(({ path }) => path === '/hook'),
    told: () => told,
    cancels: () => cancelled,
  };
}
