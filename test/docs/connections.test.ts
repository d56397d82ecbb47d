import { describe, expect, it } from 'vitest';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { blocksIn, pageOf } from './pages.ts';

describe('the page on connections', () => {
  const page = pageOf('docs/connections.md');
  it.each(blocksIn(page, 'json'))('has a configuration that is read as it stands: %s', (text) => {
    expect(readConfiguration(JSON.parse(text))).toMatchObject({ ok: true });
  });
  it('shows every kind of auth', () => {
    const types = ['bearer', 'api-key', 'basic', 'oauth2-client-credentials', 'oauth2-refresh-token'];
    for (const type of types) expect(page).toContain(`"type": "${type}"`);
  });
});
