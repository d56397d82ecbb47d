import type { ApiCall, Authorize, Fault, FaultOf, LoggedCall } from './api-call.ts';
import type { LoopbackAnswer } from './loopback.ts';

export type GuardHooks = { fault?: FaultOf | undefined; authorize?: Authorize | undefined };

/** An answer, and the error's type for the log. */
export type GuardedAnswer = LoopbackAnswer & { error: string | null };

export type Guarded = {
  call: ApiCall;
  /** What is asked of `authorize` besides the call itself. */
  also?: ApiCall[];
  /** Renders a refusal in the service's own protocol. */
  refuse: (why: 'throttle' | 'fail' | 'denied', message: string) => GuardedAnswer;
  run: () => Promise<GuardedAnswer>;
};

const isCut = (fault: Fault | undefined, side: 'before' | 'after'): boolean =>
  typeof fault === 'object' ? side in fault : fault === (side === 'before' ? 'cut' : 'cut_after');

/** Lets a call through, or makes it fail as the hooks say; everything is logged, also what was cut off. */
export function createGuard({ fault: faultOf, authorize }: GuardHooks) {
  const calls: LoggedCall[] = [];
  const numbers = new Map<string, number>();

  function nextFault(call: ApiCall): Fault | undefined {
    const number = (numbers.get(call.action) ?? 0) + 1;
    numbers.set(call.action, number);
    return faultOf?.(call, number);
  }
  async function outcomeOf(
    { call, also = [], refuse, run }: Guarded,
    fault: Fault | undefined,
  ): Promise<GuardedAnswer> {
    if (fault === 'throttle') return refuse('throttle', 'Rate exceeded');
    if (typeof fault === 'object' && 'before' in fault) fault.before();
    if (fault === 'fail' || isCut(fault, 'before')) return refuse('fail', 'made to fail');
    for (const asked of [call, ...also]) {
      const denied = authorize?.(asked) ?? null;
      if (denied !== null) return refuse('denied', denied);
    }
    const answer = await run();
    if (typeof fault === 'object' && 'after' in fault) fault.after();
    return fault === 'fail_after' ? refuse('fail', 'made to fail, after it took effect') : answer;
  }
  return {
    calls,
    pass: async (guarded: Guarded): Promise<LoopbackAnswer | null> => {
      const fault = nextFault(guarded.call);
      const answer = await outcomeOf(guarded, fault);
      calls.push({ ...guarded.call, status: answer.status, error: answer.error });
      return isCut(fault, 'before') || isCut(fault, 'after') ? null : answer;
    },
  };
}
