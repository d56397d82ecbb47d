import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedServer } from '../../bin/embedded-server.ts';
import { findConfiguration } from '../../bin/read-configuration.ts';
import { type OwnProcess, startOwnProcess } from '../own-process.ts';
import { startReceiver } from '../receiver.ts';

const nothing = (): void => undefined;

/** What both agents find: an engine each, a service that runs load tests, a server that bears one and a server that dies of it. */
export type Stage = {
  engines: { woken: string; polling: string };
  targets: { healthy: string; mortal: string };
  /** Resolves with one line for each job, once the engine of the woken agent has announced so many ends. */
  announced(count: number): Promise<string>;
  close(): Promise<void>;
};

/** Opens it all on free ports, in a temporary directory. */
export async function openStage(): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'untildone-agent-story-'));
  const closing: (() => Promise<void> | void)[] = [() => rmSync(directory, { recursive: true, force: true })];
  const kept = async <T extends OwnProcess>(starting: Promise<T>): Promise<T> => {
    const one = await starting;
    closing.push(one.stop);
    return one;
  };
  const heard: string[] = [];
  const listeners = new Set<() => void>();
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const [service, healthy, mortal, receiver] = await Promise.all([
    kept(startOwnProcess('load-test/server.ts', ['--max-runs', '8'])),
    kept(startOwnProcess('load-test/target.ts', ['--latency-ms', '20'])),
    kept(startOwnProcess('load-test/target.ts', ['--latency-ms', '20', '--dies-after-seconds', '2'])),
    kept(
      startReceiver(secret, ({ data }) => {
        heard.push(`${data.job_id} ${data.status}${data.reason === null ? '' : ` (${data.reason})`}`);
        for (const listener of listeners) listener();
      }),
    ),
  ]);
  const { configuration } = findConfiguration(new URL('../untildone.config.json', import.meta.url).pathname);
  const open = { allow_http: true, allow_private_network: true };
  const connections = {
    'load-test': { transport: 'http', url: service.url, auth: { type: 'none' }, ...open },
  } as const;
  const webhooks = [
    { name: 'harness', url: receiver.url, secret: 'env:STORY_SECRET', on: ['settled' as const], ...open },
  ];
  const engine = async (name: string, announce: typeof webhooks): Promise<string> => {
    const server = await openEmbeddedServer({
      configuration: { ...configuration, connections, announce: { webhooks: announce, slack: [], email: [] } },
      configuration_directory: directory,
      data_directory: join(directory, name),
      host: '127.0.0.1',
      port: 0,
      env: { STORY_SECRET: secret },
      observer: { tick: nothing, event: nothing, delivery: nothing },
      log: nothing,
    });
    closing.push(() => server.close());
    return server.url;
  };
  return {
    engines: { woken: await engine('woken', webhooks), polling: await engine('polling', []) },
    targets: { healthy: healthy.url, mortal: mortal.url },
    announced: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (heard.length >= count) resolve(heard.join('\n'));
        };
        listeners.add(look);
        look();
      }),
    close: async () => {
      for (const end of closing.reverse()) await end();
    },
  };
}
