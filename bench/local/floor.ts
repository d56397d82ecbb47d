import { createWriteStream, fdatasync, openSync } from 'node:fs';
import { createServer } from 'node:http';
import { Pool } from 'undici';

/*
 * The floor: what the work costs on Node when nothing is kept: `node:http`, a timer a job, undici. With a file to keep the jobs
 * in, one line a job and one a verdict are appended, written together, and fsynced before anything is acknowledged or told.
 * No retries, no limits, no safety rules, no API beyond this: it is no product, it is what a product is measured against.
 */

const [port = '0', target = '', every_ms = '10000', path] = process.argv.slice(2);
const pool = new Pool(target, { connections: 256, pipelining: 1 });
const keep = path === undefined ? async () => {} : keepIn(path);

/** Appends lines together; each waits until the disk has it. */
function keepIn(path: string): (line: string) => Promise<void> {
  const file = openSync(path, 'a');
  const stream = createWriteStream(path, { fd: file });
  let waiting: { line: string; done: () => void }[] = [];
  let writing = false;
  function write(): void {
    if (waiting.length === 0) {
      writing = false;
      return;
    }
    writing = true;
    const batch = waiting;
    waiting = [];
    stream.write(batch.map(({ line }) => line).join(''), () =>
      fdatasync(file, () => {
        for (const { done } of batch) done();
        write();
      }),
    );
  }
  return (line) =>
    new Promise((done) => {
      waiting.push({ line: `${line}\n`, done });
      if (!writing) setImmediate(write);
      writing = true;
    });
}

async function look(id: string): Promise<void> {
  const { body } = await pool.request({ method: 'GET', path: `/jobs/${id}` });
  const { status } = (await body.json()) as { status: string };
  if (status !== 'done') {
    setTimeout(look, Number(every_ms), id);
    return;
  }
  await keep(id);
  const said = await pool.request({
    method: 'POST',
    path: '/hook',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'job.settled', data: { handle: { id } } }),
  });
  await said.body.dump();
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    if (request.method === 'GET') {
      response.end();
      return;
    }
    const text = Buffer.concat(chunks).toString();
    const { id } = (JSON.parse(text) as { handle: { id: string } }).handle;
    await keep(text);
    setTimeout(look, Number(every_ms), id);
    response.writeHead(202, { 'content-type': 'application/json' }).end(`{"job_id":"${id}"}`);
  });
}).listen(Number(port), '127.0.0.1');
