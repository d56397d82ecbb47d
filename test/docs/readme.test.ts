import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { readStartRequest } from '../../lib/core/start-request.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import manifest from '../../package.json' with { type: 'json' };

const root = new URL('../../', import.meta.url).pathname;
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map((match) => match[1] ?? '');

describe('the README', () => {
  it('names only scripts that there are', () => {
    const named = [...readme.matchAll(/npm (?:run ([\w:-]+)|(start|test|cit))/g)].map(
      (match) => match[1] ?? match[2] ?? '',
    );
    const scripts = { ...manifest.scripts, cit: manifest.scripts.test };
    expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
    expect(named).toContain('demo');
  });

  it('shows a configuration that is read as it stands, and a hand-over that fits it', () => {
    const [configuration, request] = blocks('json').map((text): unknown => JSON.parse(text));
    const read = readConfiguration(configuration);
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const known = {
      kinds: kindsWith([]),
      connections: new Map(Object.entries(read.configuration.connections)),
      targets: [],
      limits: { watchdog_seconds: 60 },
    };
    expect(readStartRequest(request, known)).toMatchObject({ ok: true });
  });
});

describe('the documents', () => {
  const pages = [
    'README.md',
    'CONTRIBUTING.md',
    ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join('docs', name)),
  ];

  it.each(pages)('%s links only to files that there are', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^https?:/.test(link));
    expect(links.filter((link) => !existsSync(join(root, dirname(page), link)))).toEqual([]);
  });

  it('speak the words of the glossary', () => {
    const words = ['core', 'flow', 'kinds', 'transports', 'embedded', 'announce'].flatMap((ring) =>
      readdirSync(join(root, 'lib', ring)),
    );
    expect(words.filter((name) => /manager|service|helper|util|monitor/.test(name))).toEqual([]);
  });
});
