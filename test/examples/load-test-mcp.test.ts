import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderPdf } from '../../examples/load-test/pdf.ts';
import { exampleFile, killChildren, type Listening, listening, startExample, startNode } from './child.ts';
import { ended, toolsOf } from './load-test-tools.ts';

let service: Listening;
let target: Listening;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  target = await startExample('target.ts');
  service = await startExample('server.ts', '--target', target.url);
});
afterAll(async () => {
  for (const client of open) await client.close();
  await killChildren();
});
const tools = async (...given: Partial<Parameters<typeof toolsOf>>) => {
  const [url = service.url, ...rest] = given;
  const opened = await toolsOf(url, ...rest);
  open.push(opened);
  return opened;
};

describe.each(['legacy', { pin: '2026-07-28' }] as const)(
  'the MCP face of the load-test service, asked as %j',
  (mode) => {
    it('runs a scenario to its end with real figures, one bench result for each user profile', async () => {
      const { call, until } = await tools(undefined, mode);
      const { value: started } = await call('run_scenario', { scenarioId: 'smoke' });
      const [benchResultId] = started['benchResultIds'] as string[];
      expect(started).toEqual({ benchReportId: expect.any(String), benchResultIds: [expect.any(String)] });

      const progress: number[] = [];
      const result = await until('get_bench_result', { benchResultId }, (value) => {
        if (value['state'] === 'RUNNING') progress.push(1);
        return ended(value);
      });
      expect(progress.length).toBeGreaterThan(0);
      expect(result).toMatchObject({
        id: benchResultId,
        scenarioId: 'smoke',
        designProjectId: 'shop',
        state: 'FINISHED',
      });
      expect(Number(result['lastModified']) - Number(result['created'])).toBeGreaterThanOrEqual(2000);
      const { value: report } = await call('get_bench_report', { reportId: started['benchReportId'] });
      const [item] = report['items'] as { figures: { requests: number } }[];
      expect(item?.figures.requests).toBeGreaterThan(10);
      const logs = await call('list_bench_docker_logs', { benchResultId });
      expect(logs.words).toMatch(/CREATED.*PREPARING: one plain request.*RUNNING: 1 connections for 2 s.*FINISHED/);
    });
  },
);

describe.concurrent('the tools of the load-test service', () => {
  it('show progress from 0 to 1 while a run goes on, and stop it', async () => {
    const { call, until } = await tools();
    const { value } = await call('run_scenario', { scenarioId: 'soak' });
    const [benchResultId] = value['benchResultIds'] as string[];
    await until('get_bench_result', { benchResultId }, ({ state }) => state === 'RUNNING');
    const early = await until('get_bench_status', { benchResultId }, (status) => Number(status['value']) > 0);
    expect(early['value']).toBeLessThan(0.5);
    expect((await call('list_bench_result_files', { benchResultId })).words).toBe('[]');
    await call('stop_bench_result', { benchResultId });
    expect(await until('get_bench_result', { benchResultId }, ended)).toMatchObject({ state: 'ABORTED' });
  });

  it('show each shape of a load profile under its own key names', async () => {
    const { call } = await tools();
    const profiles = async (scenarioId: string) =>
      (await call('get_scenario', { scenarioId })).value['userProfiles'] as Record<string, unknown>[];
    expect(await profiles('checkout')).toEqual([
      { virtualUserId: 'visitor', load: { delayMs: 0, rampUpMs: 2000, plateauMs: 6000, plateauVus: 3, rampDownMs: 0 } },
      { virtualUserId: 'buyer', loadStrategy: { users: 1, rampUpSec: 0, holdForSec: 5, rampDownSec: 0 } },
    ]);
    expect((await profiles('soak'))[0]).toMatchObject({
      load: {
        '@type': 'UserProfileLoadCustom',
        points: [{ timeInMs: 0 }, { timeInMs: 30_000 }, { timeInMs: 300_000 }],
      },
    });
  });

  it('walk a virtual user for real, and show only the newest validation as the latest', async () => {
    const { call, until } = await tools();
    const of = { projectId: 'shop', virtualUserId: 'buyer' };
    expect((await call('get_virtual_user', { virtualUserId: 'buyer' })).value).toMatchObject({
      actions: { length: 2 },
    });
    const { value: first } = await call('validate_virtual_user', { ...of, iterations: 2 });
    const { benchResultId } = first;
    expect(first).toEqual({ benchResultId: expect.any(String), state: 'CREATED' });
    expect(await until('get_bench_result', { benchResultId }, ended)).toMatchObject({ state: 'FINISHED' });
    expect((await call('get_virtual_user_validation', of)).value).toEqual({
      benchResultId,
      finished: true,
      state: 'FINISHED',
    });
    expect((await call('get_virtual_user_validation_index', { virtualUserId: 'buyer' })).value).toEqual([
      { action: 'GET /search?q=shoes', success: 2, total: 2, failedTimestamps: [] },
      { action: 'GET /basket', success: 2, total: 2, failedTimestamps: [] },
    ]);
    const { value: second } = await call('validate_virtual_user', of);
    const { value: latest } = await call('get_virtual_user_validation', of);
    expect(latest['benchResultId']).toBe(second['benchResultId']);
  });

  it('finish a validation whose target is dead, and name what failed', async () => {
    const dead = await startExample('server.ts', '--target', 'http://127.0.0.1:1/');
    const { call, until } = await tools(dead.url);
    const { value } = await call('validate_virtual_user', { projectId: 'shop', virtualUserId: 'visitor' });
    const { benchResultId } = value;
    expect(await until('get_bench_result', { benchResultId }, ended)).toMatchObject({ state: 'FINISHED' });
    expect((await call('get_virtual_user_validation_index', { virtualUserId: 'visitor' })).value).toMatchObject([
      { success: 0, total: 1, failedTimestamps: [expect.any(Number)] },
    ]);
    const { value: run } = await call('run_scenario', { scenarioId: 'smoke' });
    const [id] = run['benchResultIds'] as string[];
    expect(await until('get_bench_result', { benchResultId: id }, ended)).toMatchObject({ state: 'ERROR' });
    const log = await call('read_bench_result_file_lines', { benchResultId: id, filename: 'run.log' });
    expect(await call('read_bench_result_file_lines', { benchResultId: id, filename: 'jmeter.log' })).toMatchObject({
      error: true,
      words: expect.stringContaining('there are: run.log'),
    });
    expect((log.value['lines'] as string[]).at(-1)).toMatch(/ERROR: target http:\/\/127\.0\.0\.1:1 refused/);
  });

  it('print a report as a PDF, handed out by a link that works once', async () => {
    const { call, until } = await tools();
    const { value: run } = await call('run_scenario', { scenarioId: 'smoke' });
    const { benchReportId } = run;
    const [benchResultId] = run['benchResultIds'] as string[];
    expect(await call('export_bench_report_pdf', { benchReportId })).toMatchObject({
      error: true,
      words: expect.stringContaining('not final'),
    });
    await until('get_bench_result', { benchResultId }, ended);
    const { value: asked } = await call('export_bench_report_pdf', { benchReportId, timezone: 'Europe/Paris' });
    const task = await until('get_task_result', { taskId: asked['taskId'] }, ({ status }) => status !== 'PENDING');
    expect(task).toEqual({ taskId: asked['taskId'], status: 'SUCCESS', message: null });
    const filename = 'One_visitor_for_two_seconds.pdf';
    expect((await call('list_bench_result_files', { benchResultId })).value).toEqual(['run.log', filename]);

    const { value: link } = await call('download_bench_result_file', { benchResultId, filename });
    const first = await fetch(String(link['url']));
    expect(new TextDecoder('latin1').decode(await first.arrayBuffer())).toMatch(
      /^%PDF-1\.4[\s\S]*requests[\s\S]*%%EOF\n$/,
    );
    const again = await fetch(String(link['url']));
    expect([first.status, again.status]).toEqual([200, 404]);
    await again.body?.cancel();
  });

  it('fail a print in a time zone that there is not, with the stack as the message', async () => {
    const { call, until } = await tools();
    const { value: run } = await call('run_scenario', { scenarioId: 'smoke' });
    const [benchResultId] = run['benchResultIds'] as string[];
    await call('stop_bench_result', { benchResultId });
    await until('get_bench_result', { benchResultId }, ended);
    const { value } = await call('export_bench_report_pdf', {
      benchReportId: run['benchReportId'],
      timezone: 'Mars/Base',
    });
    const task = await until('get_task_result', { taskId: value['taskId'] }, ({ status }) => status !== 'PENDING');
    expect(task).toMatchObject({
      status: 'FAILED',
      message: expect.stringMatching(/RangeError.*Mars\/Base[\s\S]* at /),
    });
  });

  it('refuse a scenario beyond the slots in words, and start none of its runs', async () => {
    const small = await startExample('server.ts', '--target', target.url, '--max-runs', '1');
    const { call } = await tools(small.url);
    const refused = await call('run_scenario', { scenarioId: 'checkout' });
    expect(refused).toMatchObject({
      error: true,
      words: expect.stringMatching(/no plan matches.*nothing was started/),
    });
    expect(await (await fetch(`${small.url}/runs`)).json()).toEqual({ items: [] });
  });

  it.each([
    ['run_scenario', { scenarioId: 'none' }, /there are: smoke, checkout, soak/],
    ['get_bench_result', { benchResultId: 'none' }, /no bench result none/],
    ['get_bench_report', { reportId: 'none' }, /no bench report none/],
    ['get_task_result', { taskId: 'none' }, /no task none/],
    ['validate_virtual_user', { projectId: 'else', virtualUserId: 'buyer' }, /project else has no/],
    ['run_scenario', { scenarioId: 'smoke', force: true }, /force/],
  ])('reject %s with %j in words', async (name, args, words) => {
    const { call } = await tools();
    expect(await call(name, args)).toMatchObject({ error: true, words: expect.stringMatching(words) });
  });

  it('want the token of the service, and refuse pages of other sites without one', async () => {
    const child = startNode([exampleFile('server.ts'), '--token-env', 'LOAD_TOKEN'], 'pipe', { LOAD_TOKEN: 'sesame' });
    const guarded = await listening(child);
    await expect(tools(guarded.url)).rejects.toThrow();
    const { client } = await tools(guarded.url, 'auto', { authorization: 'Bearer sesame' });
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('run_scenario');
    const stranger = await fetch(`${service.url}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: 'https://evil.example' },
      body: '{}',
    });
    expect(stranger.status).toBe(403);
    await stranger.body?.cancel();
  });
});

describe('the PDF', () => {
  it('says where each of its objects begins, escapes what PDF reads as syntax and has a mark for what it cannot show', () => {
    const pdf = Buffer.from(renderPdf('A (small) \\ report', ['p99 5 ms', 'é 漢'])).toString('latin1');
    const offsets = [...pdf.matchAll(/^(\d{10}) 00000 n $/gm)].map((match) => Number(match[1]));
    expect(offsets.map((offset, index) => pdf.startsWith(`${index + 1} 0 obj`, offset))).toEqual(
      [1, 1, 1, 1, 1].map(Boolean),
    );
    expect(pdf.slice(Number(/startxref\n(\d+)/.exec(pdf)?.[1])).startsWith('xref\n0 6')).toBe(true);
    expect(pdf).toContain('(A \\(small\\) \\\\ report) Tj');
    expect(pdf).toContain('(é ?) Tj');
  });
});
