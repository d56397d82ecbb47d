/*
 * Stands in for the part of AWS's runtime client that is compiled from C++: loaded into each environment before the client,
 * it gives itself out for that part, and speaks the Runtime API over HTTP. With each event it is told what time it is.
 * It is handed over as text, without types and without a file, so that an environment starts in half the time.
 */
import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { registerHooks } from 'node:module';

const compiledPart = 'local:rapid-client';
registerHooks({
  resolve: (specifier, context, nextResolve) =>
    specifier === './rapid-client.node' ? { url: compiledPart, shortCircuit: true } : nextResolve(specifier, context),
  load: (url, context, nextLoad) =>
    url === compiledPart
      ? { format: 'commonjs', source: 'module.exports = globalThis.rapidClient;', shortCircuit: true }
      : nextLoad(url, context),
});

const base = `http://${process.env['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation`;
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
/** The last answer, which the next request waits for. */
let answered: Promise<unknown> = Promise.resolve();

const RealDate = Date;
/** The time of the local cloud when it was last told, what this machine's was then, and how fast it passes. */
let told = { now_ms: RealDate.now(), at_ms: RealDate.now(), speed: 1 };
const now = (): number => Math.floor(told.now_ms + (RealDate.now() - told.at_ms) * told.speed);

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget) =>
    Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});

type Answer = { bodyJson: string; headers: IncomingHttpHeaders };

function send(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${base}${path}`, { method, agent, headers }, async (response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ bodyJson: Buffer.concat(chunks).toString('utf8'), headers: response.headers });
    });
    sent.on('error', reject).end(body);
  });
}

/** Waits for the next event. */
async function next(): Promise<Answer> {
  await answered;
  const event = await send('GET', '/next');
  const { 'local-now-ms': now_ms, 'local-speed': speed } = event.headers;
  told = { now_ms: Number(now_ms), at_ms: RealDate.now(), speed: Number(speed) };
  return event;
}

/** Answers an event. */
function done(id: string, body: string): void {
  answered = send('POST', `/${id}/response`, body);
}

/** Says that an event failed. */
function error(id: string, body: string): void {
  answered = send('POST', `/${id}/error`, body);
}

Object.assign(globalThis, { rapidClient: { next, done, error } });
