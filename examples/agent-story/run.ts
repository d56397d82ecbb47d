import { pollingAgent, type Told, wokenAgent } from './agents.ts';
import { openStage } from './stage.ts';

/*
 * `npm run agent-story`: three real load tests (one completes, one fails early, one is cancelled), told by an agent that is woken and by
 * one that asks, at the same time. Both use the command line in processes of their own; every call and byte is counted.
 */

const seconds = Number(process.argv[2] ?? 45);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

const row = (name: string, { spent }: Told): string =>
  `| ${name} | ${spent.calls} | ${spent.calls_while_waiting} | ${(spent.bytes / 1000).toFixed(1)} |`;

say(
  `Three load tests, handed over twice: ${seconds} s, and two of ${4 * seconds} s that end before. Free ports, nothing left behind.\n`,
);
const stage = await openStage();
try {
  const [woken, polling] = await Promise.all([wokenAgent(stage, seconds), pollingAgent(stage, seconds)]);
  const outcomes = ({ outcomes }: Told): string =>
    Object.entries(outcomes)
      .map(([name, status]) => `${name} ${status}`)
      .sort()
      .join(', ');
  for (const told of [woken, polling])
    if (outcomes(told) !== 'checkout complete, search failed, soak cancelled')
      throw new Error(`wanted one complete, one failed and one cancelled, got: ${outcomes(told)}`);
  say(`Both know: ${outcomes(woken)} (after ${Math.max(woken.seconds, polling.seconds).toFixed(0)} s).\n`);
  say('| agent | calls | of them while waiting | KB read |\n| --- | --- | --- | --- |');
  say(row('woken by the webhook, reads the inbox once', woken));
  say(row('asks each `poll_interval_ms`', polling));
} finally {
  await stage.close();
}
process.exit();
