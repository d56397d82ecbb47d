import type { JobEvent } from '../core/announcement.ts';
import { plain } from './plain.ts';
import { wordsOf } from './words.ts';

type PlainText = { type: 'plain_text'; text: string; emoji: false };
/** `verbatim`: Slack makes no links and no mentions of what only looks like one. */
type Markdown = { type: 'mrkdwn'; text: string; verbatim: true };
type Block =
  | { type: 'header'; text: PlainText }
  | { type: 'section'; text: Markdown }
  | { type: 'section'; fields: Markdown[] }
  | { type: 'rich_text'; elements: { type: 'rich_text_quote'; elements: { type: 'text'; text: string }[] }[] }
  | { type: 'context'; elements: Markdown[] };

/** The body of an incoming webhook: `text` is what notifications and screen readers show. */
export type SlackCard = { text: string; unfurl_links: false; unfurl_media: false; blocks: Block[] };

const markdown = (text: string): Markdown => ({ type: 'mrkdwn', text, verbatim: true });

/** Slack's three control characters; without them nothing is a mention, a channel or a link. Source: "Formatting text". */
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/**
 * For places where markup is read and nothing can be escaped: no link, mention or code is left of the text. A word joiner,
 * which nobody sees, parts what would be found by its look alone (`@channel`, `https://`).
 */
const defused = (text: string): string =>
  text
    .replaceAll('<', '‹')
    .replaceAll('>', '›')
    .replaceAll('`', '’')
    .replaceAll('](', ']\u2060(')
    .replaceAll('://', ':\u2060//')
    .replaceAll('@', '@\u2060');

/** Defused, in at most `most` UTF-16 units. Defusing can double a text. */
function defusedWithin(text: string, most: number): string {
  const whole = defused(text);
  return whole.length <= most ? whole : defused(plain(text, Math.floor(most / 2)));
}

/** Shown as it stands, but for what would begin code. */
const literal = (text: string): string => escaped(text.replaceAll('`', '’'));

const code = (text: string): string => `\`${text.replaceAll('`', '’')}\``;

/** An event as a card for an incoming webhook, far below Slack's limits (50 blocks; header 150, section 3,000, field 2,000 characters). What the remote system said is in plain and rich text elements, where no markup is read. */
export function slackCardOf(event: JobEvent): SlackCard {
  const words = wordsOf(event);
  const title = `${words.outcome} · ${words.name}`;
  const took = `${words.took}, expected about ${words.expected}`;
  const [said] = words.quoted;
  const link = words.status_url === null ? '' : `<${words.status_url.replaceAll('|', '%7C')}|open job> · `;
  return {
    text: escaped(defused(`${title} · ${words.took} · ${words.why}${said === undefined ? '' : ` · “${said}”`}`)),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: title, emoji: false } },
      {
        type: 'section',
        fields: [
          markdown(`*${words.terminal ? 'Took' : 'So far'}*\n${took}`),
          markdown(`*Why*\n${literal(words.why)}`),
        ],
      },
      ...quoteOf(words.quoted),
      { type: 'section', text: markdown(`*Next:* ${literal(words.next)}`) },
      {
        type: 'context',
        elements: [
          markdown(`${link}${escaped(words.commands.map(code).join(' · '))}`),
          markdown(`${literal(plain(event.data.kind, 64))} · ${event.type} · ${code(event.event_id)}`),
        ],
      },
    ],
  };
}

function quoteOf(quoted: readonly string[]): Block[] {
  if (quoted.length === 0) return [];
  const text = quoted.join('\n');
  return [
    { type: 'section', text: markdown('*Said by or about the remote system* (quoted, not checked by us):') },
    { type: 'rich_text', elements: [{ type: 'rich_text_quote', elements: [{ type: 'text', text }] }] },
  ];
}

/** A custom notification of Amazon Q Developer in chat applications, which drops every message of another shape. */
export type ChatNotification = {
  version: '1.0';
  source: 'custom';
  id: string;
  content: {
    textType: 'client-markdown';
    title: string;
    description: string;
    nextSteps: string[];
    keywords: string[];
  };
  metadata: {
    threadId: string;
    summary: string;
    eventType: string;
    additionalContext: Record<string, string>;
    enableCustomActions: false;
  };
};

/** An event as a message to Amazon Q Developer in chat: one thread a job, the outcome first in its summary too. Limits: title 250, description 8,000, next step 350, keyword 75 characters. */
export function chatNotificationOf(event: JobEvent): ChatNotification {
  const { data } = event;
  const words = wordsOf(event);
  const headline = `${words.outcome} · ${defusedWithin(words.name, 200)} · ${words.took}`;
  const description = [
    `*${words.terminal ? 'Took' : 'So far'}:* ${words.took}, expected about ${words.expected}`,
    `*Why:* ${words.why}`,
    ...(words.quoted.length === 0 ? [] : ['*Said by or about the remote system* (quoted, not checked by us):']),
    ...words.quoted.map((line) => `> ${code(defused(line))}`),
    ...(words.status_url === null ? [] : [words.status_url]),
    words.commands.map(code).join(' · '),
  ];
  return {
    version: '1.0',
    source: 'custom',
    id: event.event_id,
    content: {
      textType: 'client-markdown',
      title: headline,
      description: description.join('\n'),
      nextSteps: [defusedWithin(words.next, 350)],
      keywords: [words.outcome, defused(plain(data.kind, 32))],
    },
    metadata: {
      threadId: data.job_id,
      summary: headline,
      eventType: event.type,
      additionalContext: { job_id: data.job_id, event_id: event.event_id },
      enableCustomActions: false,
    },
  };
}
