import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { readStartRequest } from '../../lib/core/start-request.ts';
import { readCloudConfiguration } from '../../lib/infra/cloud-configuration.ts';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import { rulesOf } from '../infra/policies.ts';
import { synthesized } from '../infra/synthesized.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { blocksIn, pageOf } from './pages.ts';
import { projectWith } from './project-with.ts';

const page = pageOf('docs/aws.md');
const secretOf = (name: string) => `secretsmanager:arn:aws:secretsmanager:eu-west-1:123456789012:secret:${name}-AbCdEf`;
const bearer = (token: string) => ({
  transport: 'http',
  url: 'https://ci.example.com',
  auth: { type: 'bearer', token },
});
const hook = (secret: string) => ({ url: 'https://hooks.example.com', secret });
/** With a secret of each sort for each who reads them. */
const stack = synthesized({
  configuration: {
    connections: { ci: bearer('ssm:/ci'), cd: bearer(secretOf('cd')) },
    announce: { webhooks: [hook('ssm:/hook'), hook(secretOf('hook'))] },
  },
});

describe('the guide to AWS', () => {
  it('shows a configuration that can be deployed, and a hand-over that fits it', () => {
    const [raw, request] = blocksIn(page, 'json').map((text): unknown => JSON.parse(text));
    const { configuration, targets } = readCloudConfiguration(raw);
    const connections = new Map(Object.entries(configuration.connections));
    const known = { kinds: kindsWith([]), connections, targets };
    expect(readStartRequest(request, known)).toMatchObject({ ok: true });
  });
  it('counts what is created as the template does', () => {
    const said = [...page.matchAll(/^\| `(AWS::\w+::\w+)`.*\| (\d+) \|$/gm)].map(([, type, number]) => [
      type,
      Number(number),
    ]);
    const plain = synthesized();
    expect(said.length).toBeGreaterThan(8);
    expect(said).toEqual(said.map(([type]) => [type, plain.all(String(type)).length]));
  });
  it.each(Object.keys(stack.untilDone.functions) as FunctionName[])('says what %s may do, and nothing else', (name) => {
    const [row = ''] = new RegExp(`^\\| \`${name}\` \\|.*$`, 'm').exec(page) ?? [];
    const said = [...row.matchAll(/`([a-z]+:\w+)`/g)].map(([, action]) => action);
    const allowed = rulesOf(stack, stack.idOf(stack.untilDone.functions[name].role)).map(
      (rule) => rule.split(' ', 1)[0],
    );
    expect([...new Set(said)].sort()).toEqual(
      [...new Set(allowed.filter((action) => !action?.startsWith('logs:')))].sort(),
    );
  });
  it('has commands that a shell can read', async () => {
    for (const block of blocksIn(page, 'sh')) await promisify(execFile)('bash', ['-n', '-c', block]);
  });
});

describe('the TypeScript of the guide', () => {
  const directory = temporaryDirectory();
  afterAll(() => directory.remove());
  const snippets = blocksIn(page, 'ts').map((text, number) => ({ file: `own-${number}.ts`, text }));
  const run = promisify(execFile);
  const project = projectWith(directory.path, Object.fromEntries(snippets.map(({ file, text }) => [file, text])));

  it('compiles', { timeout: 60_000 }, async () => {
    expect(snippets.length).toBeGreaterThan(1);
    await expect(project.compile()).resolves.toBe('');
  });
  it.each(snippets)('synthesizes: $file', { timeout: 60_000 }, async ({ file }) => {
    const env = {
      CDK_OUTDIR: join(directory.path, `out-${file}`),
      CDK_CONTEXT_JSON: JSON.stringify({ 'aws:cdk:bundling-stacks': [] }),
    };
    const { stderr } = await run(process.execPath, [project.pathOf(file)], { env });
    expect(stderr).not.toMatch(/ERROR/i);
  });
});
