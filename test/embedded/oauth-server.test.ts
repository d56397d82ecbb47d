import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { openEmbeddedServer } from '../../bin/embedded-server.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { type FakeAuthorizationServer, startAuthorizationServer } from '../support/authorization-server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const close: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of close.splice(0).reverse()) await one();
});

async function opened(authorization: FakeAuthorizationServer, directory: string, log: string[] = []) {
  const read = readConfiguration({
    connections: {
      octo: {
        transport: 'http',
        url: authorization.resource_url,
        auth: { type: 'oauth2-refresh-token', client_id: 'public', refresh_token: 'file:octo' },
        allow_http: true,
        allow_private_network: true,
      },
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const server = await openEmbeddedServer({
    configuration: read.configuration,
    configuration_directory: directory,
    data_directory: join(directory, 'data'),
    host: '127.0.0.1',
    port: 0,
    env: {},
    observer: { tick: () => undefined, event: () => undefined, delivery: () => undefined },
    log: (line) => void log.push(line),
  });
  close.push(server.close);
  return server;
}
const adopt = async (url: string) => {
  const body = {
    kind: 'http',
    connection: 'octo',
    handle: { status: { url: '/jobs/1' } },
    acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'DONE', comparator: 'stringEquals' } }],
  };
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`${url}/v1/jobs`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, text: await answer.text() };
};
function prepared(authorization: FakeAuthorizationServer): string {
  const directory = temporaryDirectory();
  close.push(directory.remove, authorization.close);
  writeFileSync(join(directory.path, 'octo'), authorization.grant());
  return directory.path;
}

it('a job is watched with a token of the grant, also by the server that is started next', async () => {
  const authorization = await startAuthorizationServer();
  const directory = prepared(authorization);
  const first = await opened(authorization, directory);
  expect(await adopt(first.url)).toMatchObject({ status: 200, text: expect.stringContaining('"complete"') });
  await first.close();
  const second = await opened(authorization, directory);
  expect(await adopt(second.url)).toMatchObject({ status: 200 });
  expect(authorization.tokenRequests()).toHaveLength(1);
  expect(authorization.isLive(readFileSync(join(directory, 'octo'), 'utf8').trim())).toBe(true);
});

it('a dead grant fails hand-overs with what to do, and stands in the log once, without the token', async () => {
  const authorization = await startAuthorizationServer();
  const directory = prepared(authorization);
  authorization.revoke();
  const log: string[] = [];
  const { url } = await opened(authorization, directory, log);
  for (let hands = 0; hands < 3; hands += 1) {
    const { status, text } = await adopt(url);
    expect(status).toBe(422);
    expect(text).toContain('untildone connect octo');
  }
  expect(log.filter((line) => line.includes('untildone connect octo'))).toHaveLength(1);
  expect(log.join()).not.toContain('refresh-');
});

it('rejects a start without the grant, and says how to get one', async () => {
  const authorization = await startAuthorizationServer();
  const directory = temporaryDirectory();
  close.push(directory.remove, authorization.close);
  await expect(opened(authorization, directory.path)).rejects.toMatchObject({
    problems: [
      { path: 'connections.octo.auth.refresh_token', message: expect.stringContaining('untildone connect octo') },
    ],
  });
});
