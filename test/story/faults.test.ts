import { describe, expect, it } from 'vitest';
import { RequestError } from '../../lib/core/errors.ts';
import { answer, type Respond } from '../support/fault-server.ts';
import { realEngineWorld } from './real-engine-world.ts';

const json = (body: unknown): string => answer(200, JSON.stringify(body), { 'content-type': 'application/json' });
const running = json({ state: 'RUNNING' });
const finished = json({ state: 'FINISHED' });
const deep = `${'[{"a":'.repeat(2500)}1${'}]'.repeat(2500)}`;

/** RUNNING once, then the fault `times` times, then the end. */
const onTheWay = (fault: Respond, times = 2): Respond => {
  let number = 0;
  return (request, socket) => {
    number += 1;
    if (number === 1) return running;
    return number <= 1 + times ? fault(request, socket) : finished;
  };
};

const faults: Record<string, Respond> = {
  '500s': () => answer(500, '{"state":"ERROR"}'),
  '503 in HTML': () => answer(503, '<html>sorry</html>', { 'content-type': 'text/html' }),
  '429 with seconds': () => answer(429, '', { 'retry-after': '20' }),
  '429 with a date': () => answer(429, '', { 'retry-after': 'Sat, 21 Nov 2026 09:00:40 GMT' }),
  'a 403 that is a rate limit': () => answer(403, '{}', { 'x-ratelimit-remaining': '0' }),
  'no answer': () => undefined,
  'a slow drip': (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n');
    const drip = setInterval(() => socket.write(' '), 20);
    socket.on('close', () => clearInterval(drip));
    return undefined;
  },
  'an endless body': (_request, socket) => {
    socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
    const flood = (): void => {
      while (!socket.destroyed && socket.write(`10000\r\n${'x'.repeat(65_536)}\r\n`));
    };
    socket.on('drain', flood);
    flood();
    return undefined;
  },
  'a truncated body': (_request, socket) => {
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"state":"FINI');
    return undefined;
  },
  'a reset': (_request, socket) => {
    socket.resetAndDestroy();
    return undefined;
  },
  HTML: () => answer(200, '<html>login</html>', { 'content-type': 'text/html' }),
  'an empty body': () => answer(200, ''),
  '5,000-deep JSON': () => answer(200, deep),
  'a state word nobody knows': () => json({ state: 'PONDERING' }),
  'a state that disappears': () => json({ progress: 3 }),
  '`__proto__` keys': () => answer(200, '{"__proto__":{"state":"FINISHED"},"constructor":{"state":"ERROR"}}'),
};

describe('a fault on the way never ends a job, and the end is told once', () => {
  it.each(Object.entries(faults))('%s', async (_name, fault) => {
    const world = await realEngineWorld(onTheWay(fault));
    try {
      const { job_id } = await world.adopt();
      await world.advance(240);
      const { state } = await world.job(job_id);
      expect(state).toMatchObject({ status: 'complete', reason: null, upstream_state: 'FINISHED', owed: [] });
      expect(world.told.map((event) => event.type)).toEqual(['job.settled']);
      // The zero row: no call after the end, no overlap, nothing left behind.
      const calls = world.server.seen.length;
      await world.advance(3600, 60);
      expect(world.server.seen).toHaveLength(calls);
      expect(world.overlapping()).toBe(0);
      expect(world.engine.schedules()).toBe(0);
      expect([...world.engine.active()]).toEqual([]);
      expect(Object.hasOwn(Object.prototype, 'state')).toBe(false);
    } finally {
      await world.close();
    }
  });
});

describe('what is seen of a fault', () => {
  it('waits as long as Retry-After says', async () => {
    const world = await realEngineWorld(onTheWay(() => answer(429, '', { 'retry-after': '20' }), 1));
    try {
      const { job_id } = await world.adopt();
      await world.advance(22);
      expect(world.server.seen).toHaveLength(2);
      await world.advance(3);
      expect(world.server.seen).toHaveLength(3);
      expect((await world.job(job_id)).state.status).toBe('complete');
    } finally {
      await world.close();
    }
  });

  it('reads a word nobody knows as still running, and warns', async () => {
    const world = await realEngineWorld(() => json({ state: 'PONDERING' }));
    try {
      const { job_id } = await world.adopt();
      await world.advance(60);
      const { state } = await world.job(job_id);
      expect(state.status).toBe('running');
      expect(state.warnings.join()).toContain('PONDERING');
    } finally {
      await world.close();
    }
  });

  it('says once that it lost sight and once that it sees again', async () => {
    let number = 0;
    const world = await realEngineWorld(() => {
      number += 1;
      if (number > 1 && number < 8) return answer(500);
      return number < 10 ? running : finished;
    });
    try {
      await world.adopt();
      await world.advance(600);
      expect(world.told.map((event) => event.type)).toEqual(['job.unreachable', 'job.reachable', 'job.settled']);
    } finally {
      await world.close();
    }
  });

  it('ends as unreachable at the deadline if it never sees again', async () => {
    const world = await realEngineWorld(onTheWay(() => answer(500), 1000));
    try {
      const { job_id } = await world.adopt({ timeout_seconds: 200 });
      await world.advance(300);
      expect((await world.job(job_id)).state).toMatchObject({ status: 'failed', reason: 'unreachable' });
    } finally {
      await world.close();
    }
  });

  it('ends where a redirect leads to a link-local address', async () => {
    const world = await realEngineWorld(
      onTheWay(() => answer(302, '', { location: 'http://169.254.169.254/latest/meta-data' })),
    );
    try {
      const { job_id } = await world.adopt();
      await world.advance(60);
      expect((await world.job(job_id)).state).toMatchObject({ status: 'failed', reason: 'target_not_allowed' });
    } finally {
      await world.close();
    }
  });
});

describe('an address that is not allowed fails the hand-over and leaves nothing behind', () => {
  const addresses = [
    'http://[::ffff:127.0.0.1]/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://169.254.169.254/latest',
    'http://[::1]/',
    'http://localhost:1/',
    '//127.0.0.1/runs',
  ];

  it.each(addresses)('rejects %s', async (url) => {
    const world = await realEngineWorld(() => running);
    try {
      const refused = await world.adopt({ handle: { status: { url } } }).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(RequestError);
      expect(refused).toMatchObject({ code: 'TARGET_NOT_ALLOWED' });
      expect(world.engine.schedules()).toBe(0);
      expect([...world.engine.active()]).toEqual([]);
      expect(world.server.seen).toEqual([]);
    } finally {
      await world.close();
    }
  });

  it('rejects a name that resolves to loopback when the private network is not allowed', async () => {
    const world = await realEngineWorld(() => running, { url: 'http://localhost:9', allow_private_network: false });
    try {
      await expect(world.adopt()).rejects.toMatchObject({ code: 'TARGET_NOT_ALLOWED' });
    } finally {
      await world.close();
    }
  });
});
