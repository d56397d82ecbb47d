import type { Endpoint } from './context.ts';
import type { ArgumentProblem } from './outcome.ts';

const fallback = 'http://127.0.0.1:4646';

/** API Gateway's own addresses carry the region; dual-stack ones, China and VPC endpoints too. */
const gatewayHost = /^[a-z0-9-]+\.execute-api\.([a-z0-9-]+)\.(amazonaws\.com|amazonaws\.com\.cn|api\.aws)$/;

/** Where the API is and with what to call it; a token in the clear over a network is a warning, not an error. */
export function findEndpoint(
  given: { endpoint?: unknown; timeout?: unknown; connect_timeout?: unknown; token_env_var?: unknown },
  env: NodeJS.ProcessEnv,
): { endpoint: Endpoint; problems: ArgumentProblem[]; warnings: string[] } {
  const path = given.endpoint === undefined ? 'UNTILDONE_ENDPOINT' : '--endpoint';
  const text = String(given.endpoint ?? (env['UNTILDONE_ENDPOINT'] || fallback));
  const variable = String(given.token_env_var ?? 'UNTILDONE_TOKEN');
  const token = env[variable] || undefined;
  const problems: ArgumentProblem[] = [];
  const warnings: string[] = [];
  const url = URL.parse(text);
  const wants = signingOf(url, token, env);
  problems.push(...wants.problems);
  warnings.push(...wants.warnings);
  if (url === null || !/^https?:$/.test(url.protocol))
    problems.push({ path, message: `must be an http(s) URL such as ${fallback}, not "${text}"` });
  else if (url.username !== '' || url.password !== '')
    problems.push({ path, message: 'must not carry credentials: set UNTILDONE_TOKEN' });
  else if (url.search !== '' || url.hash !== '')
    problems.push({ path, message: 'must not have a query or a fragment' });
  else if (
    (token !== undefined || wants.region !== undefined) &&
    url.protocol === 'http:' &&
    !/^(localhost|127\..*|\[::1\])$/.test(url.hostname)
  )
    warnings.push(
      `${token === undefined ? 'A signed request' : 'UNTILDONE_TOKEN'} was sent in the clear to ${url.host}; use https.`,
    );
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token))
    problems.push({
      path: variable,
      message: 'has characters that a header cannot carry (a line break, a space?)',
    });
  if (given.endpoint !== undefined)
    warnings.push('--endpoint holds for this call only: set UNTILDONE_ENDPOINT for the commands printed here.');
  if (token === undefined && variable !== 'UNTILDONE_TOKEN')
    problems.push({ path: '--token-env-var', message: `names ${variable}, which is not set` });
  const msOf = (seconds: unknown): number => (typeof seconds === 'number' ? Math.round(seconds * 1000) : 0);
  const [timeout_ms, connect_timeout_ms] = [msOf(given.timeout), msOf(given.connect_timeout)];
  return {
    endpoint: { url: text.replace(/\/+$/, ''), token, timeout_ms, connect_timeout_ms, signing_region: wants.region },
    problems,
    warnings,
  };
}

/** A token wins. Without one, API Gateway's own address is called with signed requests, and another if UNTILDONE_AUTH says so. */
function signingOf(
  url: URL | null,
  token: string | undefined,
  env: NodeJS.ProcessEnv,
): { region?: string; problems: ArgumentProblem[]; warnings: string[] } {
  const auth = env['UNTILDONE_AUTH'] || undefined;
  const path = 'UNTILDONE_AUTH';
  if (auth !== undefined && auth !== 'sigv4')
    return { problems: [{ path, message: `must be sigv4 or unset, not "${auth}"` }], warnings: [] };
  if (token !== undefined)
    return {
      problems: [],
      warnings:
        auth === undefined ? [] : ['UNTILDONE_TOKEN is set, so nothing is signed: unset it, or UNTILDONE_AUTH.'],
    };
  const own = gatewayHost.exec(url?.hostname ?? '')?.[1];
  if (auth === undefined && own === undefined) return { problems: [], warnings: [] };
  const region = own ?? (env['AWS_REGION'] || env['AWS_DEFAULT_REGION']);
  if (region !== undefined && /^[a-z0-9-]+$/.test(region)) return { region, problems: [], warnings: [] };
  const message = `is sigv4, and ${url?.host ?? 'the endpoint'} does not say its region: set AWS_REGION to it, such as eu-west-1`;
  return { problems: [{ path, message }], warnings: [] };
}
