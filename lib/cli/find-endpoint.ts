import type { Endpoint } from './context.ts';
import type { ArgumentProblem } from './outcome.ts';

const fallback = 'http://127.0.0.1:4646';

/** Where the API is and with what to call it; a token in the clear over a network is a warning, not an error. */
export function findEndpoint(
  given: { endpoint?: unknown; timeout?: unknown },
  env: NodeJS.ProcessEnv,
): { endpoint: Endpoint; problems: ArgumentProblem[]; warnings: string[] } {
  const path = given.endpoint === undefined ? 'UNTILDONE_ENDPOINT' : '--endpoint';
  const text = String(given.endpoint ?? (env['UNTILDONE_ENDPOINT'] || fallback));
  const token = env['UNTILDONE_TOKEN'] || undefined;
  const problems: ArgumentProblem[] = [];
  const warnings: string[] = [];
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol))
    problems.push({ path, message: `must be an http(s) URL such as ${fallback}, not "${text}"` });
  else if (url.username !== '' || url.password !== '')
    problems.push({ path, message: 'must not carry credentials: set UNTILDONE_TOKEN' });
  else if (url.search !== '' || url.hash !== '')
    problems.push({ path, message: 'must not have a query or a fragment' });
  else if (token !== undefined && url.protocol === 'http:' && !/^(localhost|127\..*|\[::1\])$/.test(url.hostname))
    warnings.push(`UNTILDONE_TOKEN was sent in the clear to ${url.host}; use https.`);
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    problems.push({
      path: 'UNTILDONE_TOKEN',
      message: 'has characters that a header cannot carry (a line break, a space?)',
    });
  if (given.endpoint !== undefined)
    warnings.push('--endpoint holds for this call only: set UNTILDONE_ENDPOINT for the commands printed here.');
  const timeout_ms = typeof given.timeout === 'number' ? Math.round(given.timeout * 1000) : 0;
  return { endpoint: { url: text.replace(/\/+$/, ''), token, timeout_ms }, problems, warnings };
}
