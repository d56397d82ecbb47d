import { describe, expect, it } from 'vitest';
import { faultTypes, kindSchema } from '../../lib/core/kind.ts';
import { builtIn } from '../../lib/kinds/known-kinds.ts';
import { answers, world } from '../support/world.ts';
import { expectAllOver } from '../support/zero-row.ts';
import { blocksIn, pageOf } from './pages.ts';

const page = pageOf('docs/kinds.md');

describe('docs/kinds.md', () => {
  it('names every key of a kind, every built-in kind and every failed check', () => {
    const keys = Object.keys(kindSchema.shape).filter((key) => key !== 'carries_calls' && key !== 'description');
    const names = [...keys, ...builtIn.map(({ name }) => name), ...faultTypes];
    expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });

  it('shows a kind that runs as it stands', async () => {
    const [text = ''] = blocksIn(page, 'json');
    const one = world({ configuration: { kinds: [JSON.parse(text)] } });
    const parts: Record<string, string> = { 'p-1': 'DRAWING', 'p-2': 'DRAWING' };
    one.remote.tool = ({ tool, arguments: args }) => {
      const id = String(args?.['partId']);
      if (tool === 'render_film') return answers({ parts: Object.keys(parts).map((part) => ({ id: part })) });
      if (tool === 'get_part_progress') return answers({ done: 0.25 });
      return answers({ id, state: parts[id], file: `${id}.mov` });
    };
    const { job_id, handle, spec } = await one.start({
      kind: 'render',
      connection: 'tools',
      input: { film: 'f-1' },
    });
    expect(handle).toEqual({ partIds: ['p-1', 'p-2'], film: 'f-1' });
    expect(spec).toMatchObject({ expected_seconds: 900, timeout_seconds: 1500 });
    expect(one.job(job_id).state.progress_pct).toBe(25);
    Object.assign(parts, { 'p-1': 'DRAWN', 'p-2': 'DRAWN_ROUGHLY' });
    await one.advance(60);
    expect(one.job(job_id).state).toMatchObject({
      status: 'complete',
      warnings: ['a part was drawn roughly: look at it before you publish'],
    });
    expect(one.job(job_id).seen.result).toEqual(['p-1.mov', 'p-2.mov']);
    await one.start({ kind: 'render', connection: 'tools', handle: { partIds: ['p-1', 'p-2'] } });
    expectAllOver(one);
  });
});
