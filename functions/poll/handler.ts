import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { runTick, type TickPorts, type TickReport } from '../../lib/flow/run-tick.ts';
import type { SendMany, Settings, Tick } from '../../lib/ports.ts';
import type { Log } from '../shared/log.ts';
import type { Measure } from '../shared/measure.ts';
import { countingAnnouncements } from './count-announcements.ts';
import { measureTicks, type Ticked } from './measure-ticks.ts';
import { type After, sendTogether, type TogetherTicks } from './send-together.ts';

export type PollPlug = {
  settings: Settings;
  /** Reads a message of either carrier; throws for what is no tick. */
  readTick: (body: string) => Tick;
  sendMany: SendMany;
  after: After;
  log: Log;
  measure: Measure;
};

/**
 * Ticks, up to ten at once. Only a tick that threw comes again: a failed look at a remote system is no failed tick, but
 * noted in the job.
 */
export function createPollHandler(
  ports: TickPorts,
  { settings, readTick, sendMany, after, log, measure }: PollPlug,
): (event: SQSEvent) => Promise<SQSBatchResponse> {
  return async ({ Records: records }) => {
    const announcements = countingAnnouncements(ports.announcements);
    const ticks = sendTogether({ senders: records.length, sendMany, now: ports.clock.now, after });
    const ticked = await Promise.all(records.map((record) => run(record, { ...ports, ticks, announcements })));
    measureTicks(
      ticked.flatMap((one) => ('report' in one ? [one] : [])),
      settings,
      measure,
    );
    for (const [outcome, number] of announcements.counted) measure({ Announcements: number }, { outcome });
    return { batchItemFailures: ticked.flatMap((one) => ('failed' in one ? [{ itemIdentifier: one.failed }] : [])) };
  };

  async function run(
    record: SQSRecord,
    within: TickPorts & { ticks: TogetherTicks },
  ): Promise<Ticked | { failed: string }> {
    let job_id: string | null = null;
    try {
      const tick = readTick(record.body);
      ({ job_id } = tick);
      const begun_ms = ports.clock.now();
      const report = await runTick(within, settings, tick);
      say(tick, report);
      return { tick, report, begun_ms };
    } catch (error) {
      log.error('the tick failed and comes again', { job_id, message_id: record.messageId, error });
      return { failed: record.messageId };
    } finally {
      within.ticks.leave();
    }
  }

  function say({ job_id, carrier }: Tick, { outcome, why, verdict, job }: TickReport): void {
    const { checks = null, status = null, reason = null, phase = null } = job?.state ?? {};
    const level = outcome === 'settled' ? 'info' : 'debug';
    log[level](outcome, { job_id, carrier, why, verdict, checks, status, reason, phase });
  }
}
