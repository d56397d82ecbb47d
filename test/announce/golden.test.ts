import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { emailOf } from '../../lib/announce/email.ts';
import { logLine } from '../../lib/announce/log-line.ts';
import { chatNotificationOf, slackCardOf } from '../../lib/announce/slack.ts';
import type { JobEvent } from '../../lib/core/announcement.ts';
import { someEvents } from './some-events.ts';

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const renderings: Record<string, (event: JobEvent) => string> = {
  'email.txt': (event) => {
    const { subject, text } = emailOf(event);
    return `Subject: ${subject}\n\n${text}`;
  },
  'slack.txt': (event) => pretty(slackCardOf(event)),
  'chat.txt': (event) => pretty(chatNotificationOf(event)),
  'log.txt': (event) => `${logLine(event)}\n`,
};
const cases = Object.entries(someEvents).flatMap(([name, event]) =>
  Object.entries(renderings).map(([form, render]): [string, string] => [`${name}.${form}`, render(event)]),
);

describe('what people are told', () => {
  // After a change that is meant: vitest run test/announce -u, and read the difference.
  it.each(cases)('is %s', async (file, rendered) => {
    await expect(rendered).toMatchFileSnapshot(`golden/${file}`);
  });
  it('is all that is kept', () => {
    expect(readdirSync(new URL('golden', import.meta.url)).sort()).toEqual(cases.map(([file]) => file).sort());
  });
  it('covers every type of event', () => {
    expect(new Set(Object.values(someEvents).map(({ type }) => type)).size).toBe(6);
  });
});
