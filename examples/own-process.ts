import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of ours that listens; it ends with us, however we end. */
export type OwnProcess = { url: string; stop(): Promise<void> };

/** Starts a script of this folder in a process of its own and waits for its `{"listening": URL}`. Throws what it says when it ends first. */
export async function startOwnProcess(script: string, options: readonly string[]): Promise<OwnProcess> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(process.execPath, [path, ...options, '--exit-with-parent'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).once('line', (line) => resolve(String(JSON.parse(line)['listening'])));
    child.once('error', reject);
    child.once('exit', (code) =>
      reject(new Error(`${script} ended with ${code}: ${said.join('').trim() || 'no word'}`)),
    );
  });
  return { url, stop: () => stop(child) };
}

function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}
