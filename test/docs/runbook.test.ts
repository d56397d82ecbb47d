import { execFileSync } from 'node:child_process';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { UntilDoneStack } from '../../lib/infra/until-done-stack.ts';
import { blocksIn, pageOf } from './pages.ts';

const runbook = pageOf('docs/runbook.md');
const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
const template = Template.fromStack(new UntilDoneStack(app, 'Test')).toJSON();
const resources: { Type: string; Properties?: Record<string, unknown> }[] = Object.values(template['Resources']);

/** As GitHub makes them of headings. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replaceAll(' ', '-');
const articles = [...runbook.matchAll(/^### (.+)\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)].map(
  ([, heading = '', text = '']) => ({
    anchor: anchorOf(heading),
    text,
  }),
);
const linked = resources
  .filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm')
  .map(
    ({ Properties }) => /docs\/runbook\.md#([\w-]+)$/.exec(String(Properties?.['AlarmDescription']))?.[1] ?? 'no link',
  );

describe('the runbook', () => {
  it('has an article for every alarm, and no other', () => {
    expect(linked.length).toBeGreaterThan(5);
    expect(articles.map(({ anchor }) => anchor).sort()).toEqual(linked.sort());
  });
  it.each(articles)('says of $anchor what it means, what to look at and when it clears', ({ text }) => {
    for (const part of ['**For users:**', '**Look at:**', '**Clears**']) expect(text).toContain(part);
    expect(text).toContain('```sh');
  });
  it('links only to articles that it has', () => {
    const links = [...runbook.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor]) => anchor);
    expect(links.length).toBeGreaterThan(3);
    expect(links.filter((link) => !articles.some(({ anchor }) => anchor === link))).toEqual([]);
  });
  it('names only outputs that the stack has', () => {
    const commands = blocksIn(runbook, 'sh').join('\n');
    const named = [...commands.matchAll(/\b(?:out|arn|waiting|letters|insights) ([A-Z]\w+)/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name = '') => !Object.hasOwn(template['Outputs'], name))).toEqual([]);
  });
  it('has commands that a shell can read', () => {
    for (const block of blocksIn(runbook, 'sh')) execFileSync('bash', ['-n'], { input: block });
  });
});
