import { randomUUID } from 'node:crypto';
import { sendFirstRequest } from './first-request.ts';
import type { JournalLine, RunState } from './run.ts';
import type { VirtualUser } from './virtual-users.ts';

/** What became of one action: how often it was answered, and when it was not, in milliseconds since 1970. */
export interface ActionReport {
  action: string;
  success: number;
  total: number;
  failedTimestamps: number[];
}

/** A virtual user walked through for real, `iterations` times, by one person. FINISHED says that it was walked, not that all went well. */
export interface Validation {
  readonly id: string;
  readonly virtualUser: VirtualUser;
  readonly ending: AbortController;
  readonly journal: [JournalLine, ...JournalLine[]];
  readonly actions: ActionReport[];
  /** How many requests it will send in all. */
  readonly requests: number;
  state: RunState;
}

/** Makes a validation that has not begun. */
export function createValidation(virtualUser: VirtualUser, iterations: number): Validation {
  return {
    id: randomUUID(),
    virtualUser,
    ending: new AbortController(),
    journal: [{ at_ms: Date.now(), text: 'CREATED' }],
    actions: virtualUser.actions.map(({ name }) => ({ action: name, success: 0, total: 0, failedTimestamps: [] })),
    requests: virtualUser.actions.length * iterations,
    state: 'CREATED',
  };
}

/** Sends one request for each action, in order, until all iterations are over or it is told to stop. */
export async function conductValidation(validation: Validation): Promise<void> {
  const enter = (state: RunState): void => {
    validation.state = state;
    validation.journal.push({ at_ms: Date.now(), text: state });
  };
  const { signal } = validation.ending;
  enter('RUNNING');
  const { actions } = validation.virtualUser;
  for (let sent = 0; sent < validation.requests; sent += 1) {
    const action = actions[sent % actions.length];
    const report = validation.actions[sent % actions.length];
    if (action === undefined || report === undefined) break; // a virtual user without actions sends nothing
    const refusal = await sendFirstRequest(action.url, signal);
    if (signal.aborted) return enter('ABORTED');
    report.total += 1;
    if (refusal === null) report.success += 1;
    else {
      report.failedTimestamps.push(Date.now());
      validation.journal.push({ at_ms: Date.now(), text: `${action.name}: the target ${refusal}` });
    }
  }
  enter('FINISHED');
}
