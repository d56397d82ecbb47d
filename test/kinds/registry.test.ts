import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../lib/core/errors.ts';
import { kindsWith } from '../../lib/kinds/registry.ts';
import { exportKind, watchKind } from '../core/some-settings.ts';

describe('kindsWith', () => {
  it('has the built-in kinds and the declared ones', () => {
    expect([...kindsWith([exportKind, watchKind]).keys()]).toEqual([
      'http',
      'http-lro',
      'mcp-tool',
      'octoperf-scenario',
      'octoperf-validation',
      'octoperf-pdf-export',
      'octoperf-correlation',
      'export',
      'watch-only',
    ]);
  });

  it('fails with every problem at once', () => {
    const attempt = () =>
      kindsWith([
        { ...exportKind, name: 'http' },
        { name: 'empty', transport: 'http' },
        { ...watchKind, name: 'empty' },
      ]);
    expect(attempt).toThrow(ConfigError);
    try {
      attempt();
    } catch (error) {
      expect(error).toMatchObject({
        code: 'CONFIG_ERROR',
        problems: [
          { path: 'kinds.0.name', message: '"http" is taken; give it another name' },
          { path: 'kinds.1.status' },
          { path: 'kinds.1.acceptors' },
          { path: 'kinds.2.name' },
        ],
      });
    }
  });
});
