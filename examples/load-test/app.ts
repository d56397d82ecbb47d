import { Hono } from 'hono';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { HTTPException } from 'hono/http-exception';
import type { Exports } from './exports.ts';
import type { McpFace } from './mcp.ts';
import { problem } from './problem.ts';
import { endRun, isOver, viewRun } from './run.ts';
import { readRunRequest } from './run-request.ts';
import type { Runs } from './runs.ts';

const MAX_BODY_BYTES = 16_384;

/** What the routes serve; `openMcp` loads the MCP face when the first request for it comes. */
export type Served = {
  runs: Runs;
  exports: Exports;
  openMcp: (guarded: { open: boolean; maxBodyBytes: number }) => Promise<McpFace>;
};

/** The HTTP face of the service; with a token every call but `GET /health` and downloads (their links are secrets) has to carry it. */
export function createApp({ runs, exports, openMcp }: Served, token: string | null): Hono {
  const app = new Hono();
  app.get('/health', (c) => c.json({ ok: true }));
  app.get('/downloads/:key', (c) => {
    const file = exports.redeem(c.req.param('key'));
    if (file === undefined) return problem('NOT_FOUND', 'there is no such link any more: it works once');
    const headers = { 'content-disposition': `attachment; filename="${file.filename}"` };
    return new Response(new Uint8Array(file.bytes), { headers });
  });
  if (token !== null) app.use(requireToken(token));
  const onError = () => problem('BODY_TOO_LARGE', `the body has more than ${MAX_BODY_BYTES} bytes`);

  app.post('/runs', bodyLimit({ maxSize: MAX_BODY_BYTES, onError }), async (c) => {
    const body: unknown = await c.req.json().catch(() => undefined);
    if (body === undefined) return problem('INVALID_REQUEST', 'the body is not JSON');
    const read = readRunRequest(body);
    if ('issues' in read) {
      const detail = read.issues.map((issue) => `${issue.path || 'body'}: ${issue.message}`).join('; ');
      return problem('INVALID_REQUEST', detail, { members: { errors: read.issues } });
    }
    const begun = runs.begin(read.request);
    if ('retryAfterSeconds' in begun) {
      const seconds = begun.retryAfterSeconds;
      const headers = { 'retry-after': String(seconds) };
      return problem('TOO_MANY_RUNS', `all slots are taken, try again in ${seconds} s`, { headers });
    }
    return c.json(viewRun(begun.run), 202, { location: `/runs/${begun.run.id}` });
  });

  app.get('/runs', (c) => c.json({ items: runs.list().map(viewRun) }));

  app.get('/runs/:id', (c) => {
    const run = runs.find(c.req.param('id'));
    return run === undefined ? problem('NOT_FOUND', 'there is no run with this id') : c.json(viewRun(run));
  });

  app.post('/runs/:id/stop', (c) => {
    const run = runs.find(c.req.param('id'));
    if (run === undefined) return problem('NOT_FOUND', 'there is no run with this id');
    if (isOver(run)) {
      return problem('ALREADY_OVER', `the run is already ${run.state}`, { members: { state: run.state } });
    }
    endRun(run, 'ABORTED');
    return c.json(viewRun(run), 202);
  });

  let mcp: Promise<McpFace> | undefined;
  app.all('/mcp', async (c) => {
    mcp ??= openMcp({ open: token === null, maxBodyBytes: MAX_BODY_BYTES });
    return (await mcp)(c.req.raw);
  });

  app.notFound((c) => problem('NOT_FOUND', `there is no ${c.req.method} ${c.req.path}`));
  app.onError((error) => (error instanceof HTTPException ? error.getResponse() : problem('INTERNAL', error.message)));
  return app;
}

function requireToken(token: string) {
  const message = () =>
    problem('UNAUTHENTICATED', 'this service wants its token: Authorization: Bearer …', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  return bearerAuth({
    token,
    noAuthenticationHeader: { message },
    invalidAuthenticationHeader: { message },
    invalidToken: { message },
  });
}
