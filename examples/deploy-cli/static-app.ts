import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { sha256Of } from './release-steps.ts';

const types: { [ending: string]: string } = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
};
const releaseName = /^[A-Za-z0-9_-]{1,64}$/;
const mostBytes = 10_000_000;

/**
 * A static server that keeps releases side by side and serves one of them: `PUT /.releases/ID/files/PATH`,
 * `PUT /.releases/current`, `DELETE /.releases/ID`; everything else is a file of the current release.
 */
export function createStaticApp(directory: string): Hono {
  const pointer = join(directory, 'current');
  const folderOf = (release: string): string => join(directory, 'releases', release);
  const current = (): string | null => (existsSync(pointer) ? readFileSync(pointer, 'utf8') : null);
  mkdirSync(join(directory, 'releases'), { recursive: true });

  const app = new Hono();
  app.get('/.releases/current', (context) => context.json({ release: current() }));
  app.put('/.releases/current', async (context) => {
    const { release } = await context.req.json<{ release: unknown }>();
    if (typeof release !== 'string' || !releaseName.test(release) || !existsSync(folderOf(release)))
      return context.text('there is no such release', 404);
    // In one step: nobody is ever served half a release.
    writeFileSync(`${pointer}.next`, release);
    renameSync(`${pointer}.next`, pointer);
    return context.json({ release });
  });
  app.put('/.releases/:id/files/*', bodyLimit({ maxSize: mostBytes }), async (context) => {
    const file = fileIn(folderOf, context, context.req.param('id'));
    if (file === undefined) return context.text('no path inside a release', 400);
    const bytes = Buffer.from(await context.req.arrayBuffer());
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    return context.json({ sha256: sha256Of(readFileSync(file)) });
  });
  app.get('/.releases/:id/files/*', (context) => answer(context, fileIn(folderOf, context, context.req.param('id'))));
  app.delete('/.releases/:id', (context) => {
    const id = context.req.param('id');
    if (!releaseName.test(id)) return context.text('that is no release', 400);
    if (id === current()) return context.text('it is being served', 409);
    rmSync(folderOf(id), { recursive: true, force: true });
    return context.json({ removed: id });
  });
  app.get('/*', (context) => {
    const release = current();
    if (release === null) return context.text('nothing has been released yet', 404);
    return answer(context, safely(folderOf(release), context.req.path.slice(1) || 'index.html'));
  });
  return app;
}

function fileIn(folderOf: (release: string) => string, context: Context, id: string): string | undefined {
  if (!releaseName.test(id)) return undefined;
  return safely(folderOf(id), context.req.path.slice(`/.releases/${id}/files/`.length));
}

/** Undefined for paths that lead out of the folder. */
function safely(folder: string, encoded: string): string | undefined {
  const parts = encoded.split('/').map((part) => decodeURIComponent(part));
  const odd = parts.some((part) => part === '' || part === '.' || part === '..' || /[/\\\0]/.test(part));
  return odd ? undefined : join(folder, ...parts);
}

function answer(context: Context, file: string | undefined): Response {
  if (file === undefined || !existsSync(file)) return context.text('there is no such file', 404);
  return context.body(new Uint8Array(readFileSync(file)), 200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
  });
}
