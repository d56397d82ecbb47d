import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ManualTime, manualTime } from '../scheduler/time.ts';
import { type HttpFront, startHttpFront } from './http-front.ts';
import type { Invoked } from './lambda-environment.ts';
import { TooManyRequests } from './lambda-host.ts';

let front: HttpFront;
let events: { function_name: string; event: unknown }[];
let answer: () => Invoked | Promise<Invoked>;
let time: ManualTime;

const returned = (payload: unknown): Invoked => ({ payload, function_error: null });
const route = (method: string, path: string, function_name: string, authorization = 'AWS_IAM') => ({
  method,
  path,
  function_name,
  authorization,
  authorizer: null,
  limit_ms: 30_000,
});
const permission = (function_name: string, path: string) => ({
  function_name,
  principal: 'apigateway.amazonaws.com',
  source_arn: `arn:aws:execute-api:eu-west-1:000000000000:api/*/*${path}`,
});
const json = { 'content-type': 'application/json' };

beforeEach(async () => {
  events = [];
  answer = () => returned({ statusCode: 202, headers: { 'x-own': 'yes' }, body: 'taken' });
  time = manualTime(Date.parse('2026-11-21T09:00:00.000Z'));
  front = await startHttpFront({
    time,
    invoke: async (function_name, event) => {
      events.push({ function_name, event });
      return answer();
    },
  });
  front.serve({
    routes: [
      route('GET', '/v1/jobs/{job_id}', 'Status'),
      route('GET', '/v1/jobs/newest', 'Newest', 'NONE'),
      route('POST', '/v1/jobs', 'Start'),
      route('POST', '/v1/others', 'Start'),
    ],
    authorizers: [],
    permissions: [
      permission('Status', '/v1/jobs/{job_id}'),
      permission('Newest', '/v1/jobs/newest'),
      permission('Start', '/v1/jobs'),
    ],
    throttle: { rate_per_second: 2, burst: 3 },
  });
});
afterEach(() => front.close());

it('turns a request into an event of payload 2.0, with the caller', async () => {
  const sent = await fetch(`${front.url}/v1/jobs?a=1&b=%20&a=2`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie: 'one=1; two=2', 'X-Own': 'Word' },
    body: '{"kind":"http"}',
  });
  expect([sent.status, sent.headers.get('x-own'), await sent.text()]).toEqual([202, 'yes', 'taken']);
  expect(events).toMatchObject([
    {
      function_name: 'Start',
      event: {
        version: '2.0',
        routeKey: 'POST /v1/jobs',
        rawPath: '/v1/jobs',
        rawQueryString: 'a=1&b=%20&a=2',
        queryStringParameters: { a: '1,2', b: ' ' },
        cookies: ['one=1', 'two=2'],
        headers: { 'content-type': 'application/json', 'x-own': 'Word' },
        body: '{"kind":"http"}',
        isBase64Encoded: false,
        requestContext: {
          authorizer: { iam: { accountId: '000000000000', userArn: 'arn:aws:iam::000000000000:user/tester' } },
          http: { method: 'POST', path: '/v1/jobs', sourceIp: '127.0.0.1' },
          time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        },
      },
    },
  ]);
});

it('prefers the route with fewer parameters, and hands parameters over decoded', async () => {
  await fetch(`${front.url}/v1/jobs/newest`);
  await fetch(`${front.url}/v1/jobs/job%201`);
  expect(events).toMatchObject([
    {
      function_name: 'Newest',
      event: { requestContext: expect.not.objectContaining({ authorizer: expect.anything() }) },
    },
    { function_name: 'Status', event: { pathParameters: { job_id: 'job 1' } } },
  ]);
});

it('brings bytes over as base64, and back', async () => {
  answer = () => returned({ statusCode: 200, body: 'AAEC', isBase64Encoded: true });
  const sent = await fetch(`${front.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: Buffer.from([255, 0]),
  });
  expect(new Uint8Array(await sent.arrayBuffer())).toEqual(new Uint8Array([0, 1, 2]));
  expect(events).toMatchObject([{ event: { body: '/wA=', isBase64Encoded: true } }]);
});

it.each(['/v2/jobs', '/v1/jobs/job_1/cancel', '/v1/jobs'])('knows no GET %s', async (path) => {
  const sent = await fetch(`${front.url}${path}`);
  expect([sent.status, await sent.json()]).toEqual([404, { message: 'Not Found' }]);
});

it.each<[string, () => Invoked, number, unknown]>([
  ['no status', () => returned({ any: 'thing' }), 200, { any: 'thing' }],
  [
    'a failure',
    () => ({ payload: { errorType: 'TypeError' }, function_error: 'Unhandled' }),
    500,
    { message: 'Internal Server Error' },
  ],
  [
    'a timeout',
    () => ({ payload: { errorType: 'Sandbox.Timedout' }, function_error: 'Unhandled' }),
    503,
    { message: 'Service Unavailable' },
  ],
  [
    'no capacity',
    () => {
      throw new TooManyRequests();
    },
    503,
    { message: 'Service Unavailable' },
  ],
])('answers what came of it: %s', async (_, came, status, body) => {
  answer = came;
  const sent = await fetch(`${front.url}/v1/jobs/job_1`);
  expect([sent.status, await sent.json()]).toEqual([status, body]);
});

it('answers 503 for who takes longer than an integration may, and whoever it is goes on', async () => {
  let end: (invoked: Invoked) => void = () => undefined;
  answer = () =>
    new Promise((resolve) => {
      end = resolve;
    });
  const sent = fetch(`${front.url}/v1/jobs/job_1`);
  await expect.poll(() => events).toHaveLength(1);
  await time.advance(30);
  expect([(await sent).status, await (await sent).json()]).toEqual([503, { message: 'Service Unavailable' }]);
  end(returned({ any: 'thing' }));
});

it('turns down what is over the throttle, until it has refilled', async () => {
  const ask = async (): Promise<number> => (await fetch(`${front.url}/v1/jobs/job_1`)).status;
  expect([await ask(), await ask(), await ask()]).toEqual([202, 202, 202]);
  const refused = await fetch(`${front.url}/v1/jobs/job_1`);
  expect([refused.status, await refused.json()]).toEqual([429, { message: 'Too Many Requests' }]);
  await time.advance(1);
  expect([await ask(), await ask(), await ask()]).toEqual([202, 202, 429]);
  expect(events).toHaveLength(5);
});

it('takes bodies of 10 MB, and none that is bigger', async () => {
  const post = async (bytes: number): Promise<number> =>
    (await fetch(`${front.url}/v1/jobs`, { method: 'POST', headers: json, body: 'x'.repeat(bytes) })).status;
  expect([await post(10 * 1024 * 1024), await post(10 * 1024 * 1024 + 1)]).toEqual([202, 413]);
  expect(events).toHaveLength(1);
});

it('invokes nobody whose own policy does not let it in for the route', async () => {
  const sent = await fetch(`${front.url}/v1/others`, { method: 'POST', headers: json, body: '{}' });
  expect([sent.status, await sent.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  expect(events).toEqual([]);
});
