import { expect, it } from 'vitest';
import { listen } from '../../bin/listen.ts';

const here = { host: '127.0.0.1', port: 0, log: () => undefined };

it('answers who has come before it could, and who comes later', async () => {
  const listener = await listen(here);
  const early = fetch(`${listener.url}/early`, { method: 'POST', body: 'something' });
  listener.answerWith(async ({ path, bytes }) => {
    const body = Buffer.from((await bytes(100)) ?? []).toString();
    return { status: 200, headers: {}, text: `${path} ${body}` };
  });
  expect(await (await early).text()).toBe('/early something');
  expect(await (await fetch(`${listener.url}/late`)).text()).toBe('/late ');
  await listener.close();
});

it('ends though somebody waits for an answer that it cannot give yet', async () => {
  const listener = await listen(here);
  const asked = fetch(listener.url).then(
    () => 'answered',
    () => 'cut off',
  );
  await listener.close();
  expect(await asked).toBe('cut off');
});
