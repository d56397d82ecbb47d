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
  /** How the webhook's target answers its n-th event, from 1; 204 unless told. */
  sayHook: (status: (number: number) => number) => void;
  /** What the webhook's target got. */
  hooks: () => SeenRequest[];
};

/** An answer with a state. */
export const state = (word: string): string => json(200, { state: word });
export const json = (status: number, body: unknown, headers: Record<string, string> = {}): string =>
  answer(status, JSON.stringify(body), { 'content-type': 'application/json', ...headers });

/** A remote system on loopback. `POST /runs/<name>` starts that run, `GET /runs/<name>` looks at it, `POST /hook` is told of it. */
export async function startRemote(now: () => number): Promise<Remote> {
  let status: Status = () => state('RUNNING');
  let hookStatus = (_number: number): number => 204;
  let hooks = 0;
  const looked = new Map<string, number[]>();
  const started: string[] = [];
  const server = await startFaultServer(({ method, path }) => {
    const run = path.split('/').at(-1) ?? '';
    if (method === 'POST' && path === '/hook') {
      hooks += 1;
      return answer(hookStatus(hooks));
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
      hookStatus = how;
    },
    looks: (run) => looked.get(run) ?? [],
    starts: () => started,
    hooks: () => server.seen.filter(({ path }) => path === '/hook'),
  };
}
