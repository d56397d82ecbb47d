import type { EventEmitter } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import autocannon from 'autocannon';

const SAMPLE_EVERY_MS = 250; // autocannon heeds stop() and its own end only at a sample
const RAMP_STEPS_AT_MOST = 10;

/** One load: how hard, how long, and who is told of each answer and each error. */
export interface Load {
  url: string;
  connections: number;
  durationSeconds: number;
  rampSeconds: number;
  signal: AbortSignal;
  onAnswer: (status: number, bytes: number, latencyMs: number) => void;
  onError: (error: unknown) => void;
}

/** One part of a ramp: so many connections, opened so long after the start. */
export interface RampStep {
  connections: number;
  afterSeconds: number;
}

/** Fires real requests until the duration is over or the signal aborts (heeded within 250 ms). */
export async function fire(load: Load): Promise<void> {
  await Promise.all(rampSteps(load.connections, load.rampSeconds).map((step) => fireStep(load, step)));
}

/** Splits the connections into at most 10 steps, evenly over the ramp; the first step opens at once. */
export function rampSteps(connections: number, rampSeconds: number): RampStep[] {
  const steps = rampSeconds === 0 ? 1 : Math.min(connections, RAMP_STEPS_AT_MOST);
  return Array.from({ length: steps }, (_, step) => ({
    connections: Math.floor(connections / steps) + (step < connections % steps ? 1 : 0),
    afterSeconds: (rampSeconds * step) / steps,
  }));
}

async function fireStep(load: Load, step: RampStep): Promise<void> {
  await wait(step.afterSeconds * 1000, undefined, { signal: load.signal }).catch(() => {});
  if (load.signal.aborted) return;
  await new Promise<void>((resolve, reject) => {
    const options: autocannon.Options = {
      url: load.url,
      connections: step.connections,
      duration: load.durationSeconds - step.afterSeconds,
      sampleInt: SAMPLE_EVERY_MS,
      skipAggregateResult: true,
      setupClient: forgetLostRequests,
    };
    const cannon = autocannon(options, (error: unknown) => (error ? reject(error) : resolve()));
    load.signal.addEventListener('abort', () => cannon.stop());
    cannon.on('response', (_client, status, bytes, latencyMs) => load.onAnswer(status, bytes, latencyMs));
    cannon.on('reqError', (error: unknown) => load.onError(error));
  });
}

// Autocannon 9 keeps the requests of a broken connection in its queue and takes their start times for the answers on the
// next one: after an outage every latency would be as long as the outage. The queue is public on the client, not typed.
function forgetLostRequests(client: autocannon.Client): void {
  const emitter: EventEmitter = client;
  const { pipelinedRequests } = client as unknown as { pipelinedRequests: { clear: () => void } };
  emitter.on('connError', () => pipelinedRequests.clear());
}
