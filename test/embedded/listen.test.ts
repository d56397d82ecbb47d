import { expect, it } from 'vitest';
import { listen } from '../../bin/listen.ts';

it('answers who has come before it could, and who comes later', async () => {
  const listener = await listen({ host: '127.0.0.1', port: 0 });
  const early = fetch(`${listener.url}/early`, { method: 'POST', body: 'something' });
  await listener.answerWith(
    async (request) => new Response(`${new URL(request.url).pathname} ${await request.text()}`),
  );
  expect(await (await early).text()).toBe('/early something');
  expect(await (await fetch(`${listener.url}/late`)).text()).toBe('/late ');
  await listener.close();
});

it('ends though somebody waits for an answer that it cannot give yet', async () => {
  const listener = await listen({ host: '127.0.0.1', port: 0 });
  const asked = fetch(listener.url).then(
    () => 'answered',
    () => 'cut off',
  );
  await listener.close();
  expect(await asked).toBe('cut off');
});
