import type { LookupAddress } from 'node:dns';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Connection } from '../../lib/core/configuration.ts';
import { ConfigError } from '../../lib/core/errors.ts';
import { ConnectError, createGuard, guardedLookup, type Resolve } from '../../lib/transports/safe-connect.ts';
import { answer, startFaultServer } from '../support/fault-server.ts';
import { type TransportWorld, transportWorld, waysOut } from './transport-world.ts';

describe.each(waysOut)('over %s', (_way, openDispatchers) => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
  });
  const worldOf = async (connection: Partial<Connection>, resolve?: Resolve): Promise<TransportWorld> => {
    const world = await transportWorld(() => answer(200, '1'), {
      connection,
      openDispatchers,
      ...(resolve === undefined ? {} : { resolve }),
    });
    open.push(world);
    return world;
  };

  describe('the guard', () => {
    const strict = createGuard({
      allow_hosts: [
        'API.Example.com',
        'other.example:8443',
        '2001:4860:4860::8888',
        '8.8.8.8',
        '[2606:4700::1]:443',
        'bücher.example',
      ],
      allow_http: false,
      allow_private_network: false,
    });

    test.each([
      'https://api.example.com/x',
      'https://api.example.com:9000/x',
      'https://other.example:8443/x',
      'https://[2001:4860:4860:0:0:0:0:8888]/x',
      'https://134744072/dns',
      'https://[2606:4700::1]/x',
      'https://xn--bcher-kva.example/x',
    ])('lets %s pass', (text) => {
      expect(strict(new URL(text))).toBeUndefined();
    });

    test.each([
      'http://api.example.com/x',
      'ftp://api.example.com/x',
      'https://ann:pw@api.example.com/x',
      'https://ann@api.example.com/x',
      'https://evil.example/x',
      'https://api.example.com.evil.example/x',
      'https://sub.api.example.com/x',
      'https://api.example.com./x',
      'https://other.example/x',
      'https://other.example:8444/x',
      'https://[2606:4700::1]:444/x',
    ])('rejects %s', (text) => {
      expect(strict(new URL(text))).toMatch(/\w/);
    });

    test.each([
      'https://h.example',
      'h.example/path',
      '*.example.com',
      'a b',
      'ann@h.example',
      '',
      'h.example:port',
      'h.example?x',
    ])('rejects the entry %j as configuration', (entry) => {
      expect(() => createGuard({ allow_hosts: [entry], allow_http: false, allow_private_network: false })).toThrow(
        ConfigError,
      );
    });

    test.each([
      'http://127.0.0.1',
      'http://2130706433',
      'http://0x7f.1',
      'http://0177.0.0.1',
      'http://127.1',
      'http://[::1]',
      'http://[::ffff:127.0.0.1]',
      'http://[::ffff:7f00:1]',
      'http://[0:0:0:0:0:0:0:1]',
      'http://[::127.0.0.1]',
      'http://[64:ff9b::7f00:1]',
      'http://0.0.0.0',
      'http://0',
      'http://169.254.169.254',
      'http://[fd00:ec2::254]',
      'http://10.0.0.1',
    ])('refuses a connection to %s, and sends nothing', async (origin) => {
      const { call, server } = await worldOf({ allow_private_network: false, allow_hosts: [new URL(origin).hostname] });
      expect(await call(`${origin}:${server.port}/x`)).toMatchObject({
        answered: false,
        type: 'not_allowed',
        sent: false,
      });
      expect(server.connections().accepted).toBe(0);
    });

    test.each(['http://2130706433', 'http://0x7f.1', 'http://[::ffff:127.0.0.1]', 'http://127.1'])(
      'lets %s pass when the private network is allowed',
      async (origin) => {
        const { call, server } = await worldOf({ allow_hosts: [origin.slice(7)] });
        expect(await call(`${origin}:${server.port}/x`)).toMatchObject({ answered: true });
      },
    );

    test('allows only the host and port of the connection when no hosts are listed', async () => {
      const { call } = await worldOf({});
      expect(await call('http://127.0.0.1:1/x')).toMatchObject({ type: 'not_allowed', sent: false });
      expect(await call('http://127.0.0.2/x')).toMatchObject({ type: 'not_allowed', sent: false });
    });

    test.each([
      '//127.0.0.1/x',
      '/\\127.0.0.1/x',
      '\\\\127.0.0.1/x',
      '/../x',
      '/%2e%2e/x',
      'http://ann:pw@127.0.0.1/x',
    ])('refuses %s, and sends nothing', async (url) => {
      const { call, server } = await worldOf({ allow_hosts: ['127.0.0.1'] });
      expect(await call(url)).toMatchObject({ answered: false, type: 'not_allowed', sent: false });
      expect(server.connections().accepted).toBe(0);
    });
  });

  describe('the lookup', () => {
    const look = (resolve: Resolve, allow_private_network: boolean, all = true) =>
      new Promise<string | LookupAddress[]>((done, fail) =>
        guardedLookup(resolve, allow_private_network)('h.example', { all }, (error, address) =>
          error ? fail(error) : done(address),
        ),
      );

    test('hands on exactly the addresses it has checked', async () => {
      const resolve: Resolve = async () => ['93.184.216.34', '2606:4700::1'];
      expect(await look(resolve, false)).toEqual([
        { address: '93.184.216.34', family: 4 },
        { address: '2606:4700::1', family: 6 },
      ]);
      expect(await look(resolve, false, false)).toBe('93.184.216.34');
    });

    test('rejects the whole answer when one address may not be reached', async () => {
      await expect(look(async () => ['93.184.216.34', '127.0.0.1'], false)).rejects.toThrow(ConnectError);
      await expect(look(async () => ['127.0.0.1', '169.254.169.254'], true)).rejects.toThrow(ConnectError);
    });

    test('rejects a name that is rebound to loopback between two connections', async () => {
      const answers = [['93.184.216.34'], ['127.0.0.1']];
      const resolve: Resolve = async () => answers.shift() ?? [];
      expect(await look(resolve, false)).toEqual([{ address: '93.184.216.34', family: 4 }]);
      await expect(look(resolve, false)).rejects.toThrow('resolves to 127.0.0.1');
    });

    test('fails with dns when there is no address', async () => {
      await expect(look(async () => [], false)).rejects.toMatchObject({ type: 'dns' });
    });
  });

  describe('a name', () => {
    test('that resolves to loopback is refused, and nothing is sent', async () => {
      const world = await worldOf({ allow_private_network: false, allow_hosts: ['rebind.example'] }, async () => [
        '127.0.0.1',
      ]);
      for (const method of ['GET', 'POST'] as const) {
        const got = await world.call({ method, url: `http://rebind.example:${world.server.port}/x` });
        expect(got).toMatchObject({ answered: false, type: 'not_allowed', sent: false });
      }
      expect(world.server.connections().accepted).toBe(0);
    });

    test('is resolved once a connection, and the connection goes to that address', async () => {
      const second = await startFaultServer(() => answer(200, '2'), '127.0.0.2');
      open.push(second);
      const answers = ['127.0.0.1', '127.0.0.2'];
      let asked = 0;
      const world = await worldOf({ allow_hosts: ['rebind.example'] }, async () => [answers[asked++] ?? '127.0.0.2']);
      const url = `http://rebind.example:${world.server.port}/x`;
      expect(await world.call(url)).toMatchObject({ answered: true, body: 1 });
      // The client frees a kept connection one turn after its answer.
      await turn();
      await turn();
      expect(await world.call(url)).toMatchObject({ answered: true, body: 1 });
      expect(asked).toBe(1);
      expect(world.server.seen[0]?.headers['host']).toBe(`rebind.example:${world.server.port}`);
      expect(second.connections().accepted).toBe(0);
    });

    test('that resolves to a metadata address is refused even when the private network is allowed', async () => {
      const world = await worldOf({ allow_hosts: ['meta.example'] }, async () => ['169.254.169.254']);
      expect(await world.call(`http://meta.example:${world.server.port}/x`)).toMatchObject({
        type: 'not_allowed',
        sent: false,
      });
    });
  });
});
