import { open } from 'node:fs/promises';

/** Most that is read from stdin or a file, in bytes: what the API takes as a body. */
const inputLimit = 64 * 1024;

type ReadInput = { ok: true; value: unknown } | { ok: false; message: string; code?: string };

/** Reads stdin to its end; given up when the signal is aborted. */
async function readStdin(stdin: NodeJS.ReadableStream, signal: AbortSignal): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  let giveUp = (): void => {};
  const gaveUp = new Promise<void>((resolve) => {
    giveUp = resolve;
    signal.addEventListener('abort', giveUp, { once: true });
  });
  const reading = (async () => {
    for await (const chunk of stdin) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      chunks.push(bytes);
      if (size > inputLimit) break;
    }
  })();
  await Promise.race([reading, gaveUp]);
  signal.removeEventListener('abort', giveUp);
  if (signal.aborted) throw new Error('it did not end in time');
  return size > inputLimit ? undefined : Buffer.concat(chunks).toString('utf8');
}

async function readFileHead(path: string): Promise<string | undefined> {
  await using file = await open(path);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(inputLimit + 1), 0, inputLimit + 1, 0);
  return bytesRead > inputLimit ? undefined : buffer.subarray(0, bytesRead).toString('utf8');
}

/** JSON from the word itself, from `@file`, or from stdin for `-`; says what is wrong instead of throwing. */
export async function readJsonArgument(
  word: string,
  stdin: { stream: NodeJS.ReadableStream; terminal: boolean; signal: AbortSignal },
): Promise<ReadInput> {
  const source = word === '-' ? 'stdin' : word.startsWith('@') ? word.slice(1) : undefined;
  if (word === '-' && stdin.terminal)
    return {
      ok: false,
      code: 'INPUT_REQUIRED',
      message: 'reads stdin, which is a terminal: pipe JSON into it, or name a file with @',
    };
  let text: string | undefined = word;
  try {
    if (word === '-') text = await readStdin(stdin.stream, stdin.signal);
    else if (source !== undefined) text = await readFileHead(source);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown reason';
    return { ok: false, message: `could not be read from ${source}: ${why}` };
  }
  if (text === undefined)
    return {
      ok: false,
      code: word === '-' ? 'STDIN_TOO_LARGE' : 'FILE_TOO_LARGE',
      message: `is larger than ${inputLimit} bytes (${source}); send less`,
    };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : 'unknown reason';
    return { ok: false, message: `is not JSON${source === undefined ? '' : ` (${source})`}: ${why}` };
  }
}
