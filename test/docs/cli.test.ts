import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { allCommands } from '../../lib/cli/commands/all-commands.ts';
import { pageOf } from './pages.ts';

const page = pageOf('docs/cli.md');
const rows = [...page.matchAll(/^\| ((?:[FCO]-\d{3} )+).*\| "(.*)" \|$/gm)].map(([, ids = '', title = '']) => ({
  ids: ids.trim().split(' '),
  title: title.replaceAll('\\"', '"'),
}));
const sources = readdirSync(new URL('../cli/', import.meta.url))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => pageOf(`test/cli/${name}`))
  .join('\n');

/** Every rule of the CLI Agent Spec 1.6 that is P0 and applies, and the P1 rules on jobs, external data and idempotency. */
const applicable =
  'F-001 C-001 F-002 F-015 C-006 F-003 F-004 F-005 F-006 F-007 F-008 F-009 F-047 F-010 F-046 F-055 F-057 C-005 F-011 F-012 C-012 F-013 F-014 F-069 F-018 F-019 O-003 F-044 F-062 F-045 F-048 F-068 F-051 F-052 F-053 O-038 F-054 O-039 F-065 C-002 C-003 C-004 O-021 O-048 C-013 C-021 O-033 C-022 F-049 C-029 O-047 O-001 F-035 C-007'.split(
    ' ',
  );

describe('the page on the command line', () => {
  it('has a row for every rule that applies', () => {
    const told = rows.flatMap(({ ids }) => ids);
    expect(applicable.filter((id) => !told.includes(id))).toEqual([]);
    expect(told.filter((id, index) => told.indexOf(id) !== index)).toEqual([]);
  });

  it.each(rows)('names a test that exists: $title', ({ title }) => {
    const written = [`'${title}'`, `'${title.replaceAll("'", "\\'")}'`, `"${title}"`];
    expect(written.some((text) => sources.includes(text))).toBe(true);
  });

  it('lists every command', () => {
    const names = allCommands.map(({ path }) => path.join(' '));
    expect(names.filter((name) => !page.includes(`\`${name}`))).toEqual([]);
  });

  it('names only options that there are', () => {
    const known = JSON.stringify(allCommands.map(({ flags }) => Object.keys(flags))) + pageOf('lib/cli/flags.ts');
    const named = [...page.matchAll(/`(?:[a-z ]*)--([a-z-]+)/g)].map(([, name = '']) =>
      name.replace(/^no-/, '').replaceAll('-', '_'),
    );
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });
});
