import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Files of a release by their path on the server, with their hashes. */
export type Built = Map<string, { bytes: Buffer; sha256: string }>;

/** What a deployment calls of the static server. Everything rejects with what the server said. */
export type Site = {
  current(): Promise<string | null>;
  upload(path: string, bytes: Buffer): Promise<{ sha256: string }>;
  read(path: string, of: 'staged' | 'live'): Promise<Buffer>;
  switchTo(release: string): Promise<void>;
  remove(): Promise<void>;
};

/** Most of what is released: this is an example, and it reads everything into memory. */
const mostFiles = 1000;
const call_ms = 5_000;

export const sha256Of = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Builds a release of a folder: `{{release}}` in its pages becomes the release, and `release.json` lists every file. */
export function build(directory: string, release: string): Built {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  if (entries.length === 0) throw new Error(`${directory} has no files to release`);
  if (entries.length > mostFiles) throw new Error(`${directory} has ${entries.length} files, more than ${mostFiles}`);
  const built: Built = new Map();
  for (const entry of entries) {
    const file = join(entry.parentPath, entry.name);
    const read = readFileSync(file);
    const bytes = file.endsWith('.html') ? Buffer.from(read.toString('utf8').replaceAll('{{release}}', release)) : read;
    built.set(relative(directory, file).replaceAll(sep, '/'), { bytes, sha256: sha256Of(bytes) });
  }
  const files = Object.fromEntries([...built].map(([path, { sha256 }]) => [path, sha256]));
  const list = Buffer.from(JSON.stringify({ release, files }));
  return built.set('release.json', { bytes: list, sha256: sha256Of(list) });
}

/** The server at `url`, as the deployment of one release sees it. */
export function siteAt(url: string, release: string): Site {
  const own = `${url}/.releases/${release}`;
  const encoded = (path: string): string => path.split('/').map(encodeURIComponent).join('/');
  return {
    current: async () => (await asJson<{ release: string | null }>(await call(`${url}/.releases/current`))).release,
    upload: async (path, bytes) =>
      asJson(await call(`${own}/files/${encoded(path)}`, { method: 'PUT', body: new Uint8Array(bytes) })),
    read: async (path, of) => {
      const answer = await call(of === 'live' ? `${url}/${encoded(path)}` : `${own}/files/${encoded(path)}`);
      return Buffer.from(await answer.arrayBuffer());
    },
    switchTo: async (wanted) =>
      void (await call(`${url}/.releases/current`, { method: 'PUT', body: JSON.stringify({ release: wanted }) })),
    remove: async () => void (await call(own, { method: 'DELETE' })),
  };
}

// What the static server answers, and nobody else is called.
const asJson = async <T>(answer: Response): Promise<T> => (await answer.json()) as T;

async function call(url: string, request: RequestInit = {}): Promise<Response> {
  const answer = await fetch(url, { ...request, signal: AbortSignal.timeout(call_ms) }).catch((error: Error) => {
    throw new Error(`${url} did not answer: ${error.cause instanceof Error ? error.cause.message : error.message}`);
  });
  if (answer.ok) return answer;
  throw new Error(`${url} answered ${answer.status}: ${(await answer.text()).slice(0, 200)}`);
}
