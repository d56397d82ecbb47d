import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emailOf } from '../../lib/announce/email.ts';
import { figuresOf } from '../../lib/announce/figures.ts';
import { logLine } from '../../lib/announce/log-line.ts';
import { plain } from '../../lib/announce/plain.ts';
import { chatNotificationOf, slackCardOf } from '../../lib/announce/slack.ts';
import type { JobEvent } from '../../lib/core/announcement.ts';
import { planted } from '../core/a-job.ts';
import { someEvents } from './some-events.ts';

/** What somebody would write who means harm, and what nobody means. */
const fragments = [
  '<!channel>',
  '<!subteam^S1>',
  '<@U024BE7LH>',
  '<#C1>',
  '@channel',
  '@here',
  '@everyone',
  '<https://evil.example|click>',
  'https://evil.example',
  '[click](https://evil.example)',
  '`',
  '```',
  '*_~',
  '&lt;!channel&gt;',
  '> ',
  '\r\nBcc: victim@example.com\r\n\r\n',
  '\r\n.\r\n',
  '\n\nFAILED · another job\n',
  '\u001b[31m',
  '\u009b2J',
  '\u0000',
  '\u2028',
  '\u202e',
  '\u200b',
  '\ufeff',
  '\ud800',
  '\u{e0041}',
  '=?utf-8?q?x?=',
  'e\u0301\u0302\u0303',
  '👩‍👩‍👧',
];
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(...fragments),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ maxLength: 400 }),
    ),
    {
      maxLength: 24,
    },
  )
  .map((parts) => parts.join(''));
const leaf = fc.oneof(hostile, fc.double(), fc.boolean(), fc.constant(null));
const figures = fc.dictionary(hostile, fc.oneof(leaf, fc.dictionary(hostile, leaf), fc.array(leaf, { maxLength: 3 })), {
  maxKeys: 12,
});

/** A known event with every text that others write replaced. */
const attacked: fc.Arbitrary<JobEvent> = fc
  .record({
    event: fc.constantFrom(...Object.values(someEvents)),
    name: fc.option(hostile),
    kind: hostile,
    connection: hostile,
    message: fc.option(hostile),
    upstream_state: fc.option(hostile),
    warnings: fc.array(hostile, { maxLength: 4 }),
    labels: fc.dictionary(hostile, hostile, { maxKeys: 12 }),
    next_step: fc.option(hostile),
    result: figures,
  })
  .map(({ event, result, ...texts }) => {
    // Numbers that are no JSON cannot come out of an answer.
    const data = { ...event.data, ...texts, result: planted(JSON.parse(JSON.stringify(result))) };
    return { ...event, data };
  });
const holds = (property: (event: JobEvent) => void): void =>
  fc.assert(fc.property(attacked, property), { numRuns: 300 });

const unclean = /[\p{Cc}\p{Co}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069\u200b\ufeff]/u;
const mentions = /<[!@#]|@(?:channel|here|everyone)/i;

describe('hostile remote text', () => {
  it('makes no header of a mail, and no line of it but quoted ones', () =>
    holds((event) => {
      const { subject, text } = emailOf(event);
      expect(subject).not.toMatch(unclean);
      expect(Buffer.byteLength(subject)).toBeLessThan(100);
      const lines = text.split('\n');
      for (const line of lines) expect(line).not.toMatch(unclean);
      const ours =
        /^$|^(Took {5}|So far {3}|Why {6}|Next {5}|Status {3}|Cancel {3}|Page {5}|Job {6}|Details {2}|Event {4})|^Said by or about/;
      const [title, ...rest] = lines;
      expect(title).toMatch(/^[A-Z ]+ · /);
      for (const line of rest) if (!line.startsWith('> ')) expect(line).toMatch(ours);
      expect(lines.filter((line) => line.startsWith('Took') || line.startsWith('So far'))).toHaveLength(1);
      for (const line of lines) expect(line.length).toBeLessThan(1400);
    }));

  it('makes no line of a log', () =>
    holds((event) => {
      expect(logLine(event)).not.toMatch(unclean);
      expect(logLine(event).length).toBeLessThan(1000);
    }));

  it('makes no mention and no link in Slack, and stays within its limits', () =>
    holds((event) => {
      const card = slackCardOf(event);
      expect(card.blocks.length).toBeLessThanOrEqual(50);
      expect(card.text).not.toMatch(mentions);
      expect(card.text).not.toMatch(/[<>`]|:\/\//);
      expect(card.text.length).toBeLessThan(4000);
      const markdown = textsOf(card.blocks, 'mrkdwn');
      const links = markdown.join('\n').match(/<[^>]*>/g) ?? [];
      expect(links).toEqual([`<${event.data.status_url}|open job>`]);
      for (const text of markdown) {
        expect(text.replaceAll('\n', ' ')).not.toMatch(unclean);
        expect(text.split('`').length % 2).toBe(1);
        expect(text.length).toBeLessThanOrEqual(2000);
        expect(text.length).toBeGreaterThan(0);
      }
      expect(JSON.stringify(card.blocks).split('"verbatim":true')).toHaveLength(markdown.length + 1);
      for (const text of textsOf(card.blocks, 'plain_text')) {
        expect(text).not.toMatch(unclean);
        expect(text.length).toBeLessThanOrEqual(150);
      }
      for (const text of textsOf(card.blocks, 'text')) {
        expect(text.replaceAll('\n', ' ')).not.toMatch(unclean);
        expect(text.length).toBeLessThanOrEqual(3000);
        expect(text.length).toBeGreaterThan(0);
      }
    }));

  it('makes no mention and no link in a chat notification, and stays within its limits', () =>
    holds((event) => {
      const { content, metadata } = chatNotificationOf(event);
      const texts = [content.title, content.description, ...content.nextSteps, ...content.keywords, metadata.summary];
      for (const text of texts) {
        expect(text.replaceAll('\n', ' ')).not.toMatch(unclean);
        expect(text).not.toMatch(mentions);
        expect(text).not.toMatch(/<|\]\(/);
        expect(text.replaceAll(event.data.status_url, '')).not.toContain('://');
        expect(text.split('`').length % 2).toBe(1);
      }
      expect(content.title.length).toBeLessThanOrEqual(250);
      expect(content.description.length).toBeLessThanOrEqual(8000);
      for (const step of content.nextSteps) expect(step.length).toBeLessThanOrEqual(350);
      for (const keyword of content.keywords) expect(keyword.length).toBeLessThanOrEqual(75);
      expect(metadata.threadId).toBe(event.data.job_id);
    }));

  it('is cut to what was asked for', () =>
    fc.assert(
      fc.property(hostile, fc.integer({ min: 1, max: 300 }), (text, most) => {
        expect(plain(text, most).length).toBeLessThanOrEqual(most);
        expect(plain(text, most)).not.toMatch(unclean);
      }),
    ));
});

/** The texts of every object of this type, however deep. */
function textsOf(value: unknown, type: string): string[] {
  if (Array.isArray(value)) return value.flatMap((each) => textsOf(each, type));
  if (typeof value !== 'object' || value === null) return [];
  const own = 'type' in value && value.type === type && 'text' in value ? [String(value.text)] : [];
  return [...own, ...Object.values(value).flatMap((each) => textsOf(each, type))];
}

describe('figuresOf', () => {
  it.each<[unknown, string[]]>([
    [null, []],
    [42, ['42']],
    ['done', ['done']],
    [[1, 2, 3], ['3 entries']],
    [{ a: 1, b: { c: true, d: { e: 1 } }, f: [1] }, ['a 1', 'b.c true', 'f 1 entry']],
    [{ rate: 0.1 + 0.2, big: 12345678.9 }, ['rate 0.3', 'big 12345700']],
    [
      Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`k${n}`, n])),
      ['k0 0', 'k1 1', 'k2 2', 'k3 3', 'k4 4', 'k5 5', 'k6 6', 'k7 7'],
    ],
  ])('makes of %j', (result, wanted) => {
    expect(figuresOf(planted(result))).toEqual(wanted);
  });
});

describe('plain', () => {
  it.each<[string, number, string]>([
    ['as it is', 20, 'as it is'],
    ['Prüfung 負荷試験', 20, 'Prüfung 負荷試験'],
    ['two\r\nlines\tand a tab', 40, 'two lines and a tab'],
    ['a\u202eb\u200bc', 20, 'abc'],
    ['cut off here', 8, 'cut off…'],
    ['👩‍👩‍👧👩‍👩‍👧', 3, '👩…'],
  ])('shows %j in %i as %j', (text, most, wanted) => {
    expect(plain(text, most)).toBe(wanted);
  });
});
