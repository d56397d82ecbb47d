import { describe, expect, it } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { apiWorld } from '../api/api-world.ts';
import { mcpClient } from '../api/mcp-client.ts';
import { aJob } from '../cli/support/jobs.ts';
import { run } from '../cli/support/run.ts';
import { scriptedServer } from '../cli/support/scripted-server.ts';
import { commandsIn, wordsOf } from './commands-in.ts';
import { pageOf } from './pages.ts';

const skill = pageOf('skills/untildone/SKILL.md');

describe('the skill', () => {
  it('begins with a name and a description that say when to use it', () => {
    const [, front = ''] = /^---\n([\s\S]*?)\n---\n/.exec(skill) ?? [];
    const fields = Object.fromEntries(front.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)));
    expect(fields).toEqual({ name: 'untildone', description: expect.stringMatching(/^Use when /) });
    expect(String(fields['description']).length).toBeLessThanOrEqual(1024);
  });

  it('is published with the package', () => {
    expect(manifest.files).toContain('skills');
  });

  it.each(commandsIn(skill))('shows a command that the CLI takes: %s', async (command) => {
    const ended = aJob({ status: 'complete', terminal: true, phase: null });
    const server = await scriptedServer(() => ({ json: ended }));
    const { code, envelope } = await run(wordsOf(command), { endpoint: server.url });
    expect({ code, problems: envelope.error?.['problems'] }).not.toMatchObject({ code: 2 });
    expect(server.asked.length).toBeGreaterThan(0);
  });

  it('shows every command that hands over, waits, reads and cancels', () => {
    const called = commandsIn(skill).map((command) => wordsOf(command).slice(0, 2).join(' '));
    expect(called).toEqual(
      expect.arrayContaining(['job adopt', 'job start', 'job wait', 'job status', 'job events', 'job cancel']),
    );
  });

  it('names only MCP tools that there are', async () => {
    const { client } = await mcpClient(apiWorld());
    const { tools } = await client.listTools();
    const named = [...new Set(skill.match(/\bjob_(?!id)[a-z]+/g))];
    expect(named.length).toBeGreaterThan(3);
    expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(named));
  });

  it('tells a job that runs from one that failed by the exit codes that the CLI has', async () => {
    const codes = { running: 3, failed: 4, timed_out: 7, complete: 0 };
    for (const [status, code] of Object.entries(codes)) {
      const job =
        status === 'timed_out'
          ? aJob({ status: 'failed', reason: 'timed_out', terminal: true, phase: null })
          : aJob({ status: status as 'running', terminal: status !== 'running' });
      const server = await scriptedServer(() => ({ json: job }));
      expect((await run(['job', 'status', job.job_id], { endpoint: server.url })).code).toBe(code);
    }
    expect(skill).toContain(
      '**0** complete · **3** still running · **4** failed or cancelled ·\n**7** timed out · **5** no such job',
    );
  });
});
