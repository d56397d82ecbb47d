import { expect, it } from 'vitest';
import { httpPage } from './http-page.ts';
import { pageOf } from './pages.ts';

it('docs/http.md is what the OpenAPI document says; npm run docs:http writes it', () => {
  const made = httpPage();
  expect(pageOf('docs/http.md')).toBe(made);
  for (const route of ['POST /v1/jobs', 'GET /v1/events', 'GET /v1/jobs/{job_id}'])
    expect(made).toContain(`### ${route}\n`);
});
