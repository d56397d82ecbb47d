import { describe, expect, it } from 'vitest';
import { tellTokenNews } from '../../functions/shared/tell-token-news.ts';
import { hearing } from './hearing.ts';

describe('news of tokens', () => {
  it('is a line and, for a death, a figure', () => {
    const { log, measure, lines, figures } = hearing();
    const tell = tellTokenNews(log, measure);
    tell({ type: 'dead', connection: 'octo', message: 'refused' });
    tell({ type: 'not_written_back', connection: 'octo', message: 'denied' });
    expect(lines).toEqual([
      { level: 'error', message: 'CredentialDead', job_id: null, connection: 'octo', why: 'refused' },
      { level: 'error', message: 'TokenNotWrittenBack', job_id: null, connection: 'octo', why: 'denied' },
    ]);
    expect(figures).toEqual([{ CredentialDead: 1 }]);
  });
});
