import { randomUUID } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Replaces what a file holds by `text` and a newline, readable by its owner only: durably, and whole or not at all. Leaves it if `wanted` says no at the last moment. */
export async function replaceSecretFile(
  path: string,
  text: string,
  wanted: () => Promise<boolean> = async () => true,
): Promise<void> {
  const temporary = `${path}.${randomUUID()}.new`;
  try {
    await writeDurably(temporary, `${text}\n`);
    if (await wanted()) await rename(temporary, path);
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await synchronise(dirname(path));
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The renaming itself outlives a power cut. */
async function synchronise(directory: string): Promise<void> {
  const folder = await open(directory, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
