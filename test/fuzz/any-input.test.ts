import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { asyncProperty, constantFrom, assert as prove, record } from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatOf } from '../../lib/cli/output-format.ts';
import { run } from '../cli/support/run.ts';
import { adoptBody, startBody } from '../support/world.ts';
import { type FuzzedEngine, openCloud, openEmbedded, secret } from './engines.ts';
import { argumentsFor, commandLine, idOf, query, requestBody } from './inputs.ts';

/** Stands in everything that the other owner has. */
const theirs = 'what-is-theirs-4242';
const origin = 'http://127.0.0.1:4646';

function expectNothingOfOthers(text: string): void {
  expect(text).not.toContain(theirs);
  expect(text).not.toContain(secret);
}

describe.each([
  ['embedded', openEmbedded],
  ['aws', openCloud],
])('whatever is sent to the %s engine', (_name, open) => {
  let engine: FuzzedEngine;
  let foreign = '';
  const send = (method: string, path: string, body?: string, owner = 'me'): Promise<Response> =>
    engine.fetch(
      new Request(`${origin}${path}`, {
        method,
        headers: { 'x-owner': owner, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
      }),
    );

  beforeAll(async () => {
    engine = await open();
    // Somebody else's: a job that runs, and one that has ended and stands in their inbox.
    const named = { name: theirs, labels: { of: theirs } };
    const ended = adoptBody({ ...named, handle: { status: { url: '/done' } } });
    for (const body of [startBody(named), ended]) {
      const answered = await send('POST', '/v1/jobs', JSON.stringify(body), 'you');
      expect([200, 202]).toContain(answered.status);
      foreign = ((await answered.json()) as { job_id: string }).job_id; // a descriptor
    }
    expect(await (await send('GET', '/v1/events', undefined, 'you')).text()).toContain(theirs);
  }, 60_000);
  afterAll(() => engine.close());

  /** One JSON document, no fault of ours, nothing of others. */
  async function judge(answered: Response): Promise<void> {
    const text = await answered.text();
    expect(answered.status).toBeLessThan(500);
    expectNothingOfOthers(`${text}${JSON.stringify([...answered.headers])}`);
    if (answered.status !== 304) expect(() => JSON.parse(text)).not.toThrow();
  }

  it('a hand-over is taken or refused, and is one document', { timeout: 120_000 }, async () => {
    await prove(
      asyncProperty(requestBody, async (body) => judge(await send('POST', '/v1/jobs', JSON.stringify(body) ?? ''))),
      { numRuns: 150 },
    );
  });

  it('no path, query or id leads to a fault or to another owner', { timeout: 120_000 }, async () => {
    const where = constantFrom<(id: string) => [method: string, path: string]>(
      (id) => ['GET', `/v1/jobs/${id}`],
      (id) => ['POST', `/v1/jobs/${id}/cancel`],
      (id) => ['DELETE', `/v1/jobs/${id}`],
      () => ['GET', '/v1/jobs'],
      () => ['GET', '/v1/events'],
      () => ['GET', '/v1/kinds'],
      (id) => ['GET', `/${id}`],
    );
    await prove(
      asyncProperty(record({ where, id: idOf(foreign), query }), async ({ where, id, query }) => {
        const [method, path] = where(id);
        await judge(await send(method, `${path}?${query}`));
      }),
      { numRuns: 250 },
    );
    const still = await send('GET', `/v1/jobs/${foreign}`, undefined, 'you');
    expect(await still.json()).toMatchObject({ status: 'complete', name: theirs });
  });

  it('no tool leads to a fault or to another owner', { timeout: 120_000 }, async () => {
    const transport = new StreamableHTTPClientTransport(new URL(`${origin}/mcp`), {
      requestInit: { headers: { 'x-owner': 'me' } },
      fetch: async (url, init) => {
        const answered = await engine.fetch(new Request(url, init));
        expect(answered.status).toBeLessThan(500);
        return answered;
      },
    });
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(transport);
    const { tools } = await client.listTools();
    const tool = constantFrom(...tools.map(({ name }) => name));
    await prove(
      asyncProperty(tool, argumentsFor(foreign), async (name, given) => {
        const said = await client.callTool({ name, arguments: given as Record<string, unknown> });
        expectNothingOfOthers(JSON.stringify(said));
        const [block] = said.content;
        expect(JSON.parse(block?.type === 'text' ? block.text : '')['code']).not.toBe('INTERNAL_ERROR');
      }),
      { numRuns: 150 },
    );
    await client.close();
  });

  it('no command line leads to a fault or to another owner, and stdout is one document', {
    timeout: 120_000,
  }, async () => {
    const served = await engine.listen();
    const quick = { now: Date.now, sleep: () => Promise.resolve(), every: () => () => undefined };
    try {
      await prove(
        asyncProperty(commandLine(foreign), async (argv) => {
          // A server or another endpoint is not what is tried here.
          const words = argv.filter((word) => word !== '--endpoint');
          const waits = words.includes('wait') ? [...words, '--wait-seconds', '0'] : words;
          const { code, stdout, stderr, envelope } = await run(waits, { endpoint: served.url, clock: quick });
          expectNothingOfOthers(stdout + stderr);
          if (formatOf({ argv: waits, env: {}, terminal: { stdin: false, stdout: false, stderr: false } }) !== 'json')
            return;
          expect(envelope.error?.code).not.toBe('INTERNAL_ERROR');
          expect(code).toBe(envelope.meta.exit_code);
        }),
        { numRuns: 250 },
      );
      expect(served.statuses.length).toBeGreaterThan(60);
      expect(served.statuses.filter((status) => status >= 500)).toEqual([]);
    } finally {
      await served.close();
    }
  });
});
