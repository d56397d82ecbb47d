import type { IncomingHttpHeaders } from 'node:http';
import type { Engine } from './engine.ts';
import type { GuardedAnswer } from './guard.ts';
import { type MessageAttribute, type Published, readPublish } from './sns-message.ts';

/** What a subscription that fauxqs does not deliver to (email, https, lambda, …) would have got. */
export type Mail = {
  topic_arn: string;
  protocol: string;
  endpoint: string;
  subject: string | null;
  text: string;
  attributes: Record<string, MessageAttribute>;
};
export type Subscription = {
  arn: string;
  topic_arn: string;
  protocol: string;
  endpoint: string;
  attributes: Record<string, string>;
};

/** A request that was taken: how many messages it carried, and their bytes as SNS counts them. */
export type TopicRequest = { messages: number; bytes: number };

type Filter = {
  matchesFilterPolicy: (policy: Record<string, unknown>, attributes: Published['attributes']) => boolean;
  matchesFilterPolicyOnBody: (policy: Record<string, unknown>, body: string) => boolean;
};

/** The entries of a batch, each as the form of a publish of its own. */
function entriesOf(form: URLSearchParams): URLSearchParams[] {
  const entries: URLSearchParams[] = [];
  for (let number = 1; form.has(`PublishBatchRequestEntries.member.${number}.Id`); number += 1) {
    const under = `PublishBatchRequestEntries.member.${number}.`;
    const entry = new URLSearchParams({ Action: 'Publish' });
    for (const name of ['Version', 'TopicArn']) entry.set(name, form.get(name) ?? '');
    for (const [name, value] of form) if (name.startsWith(under)) entry.set(name.slice(under.length), value);
    entries.push(entry);
  }
  return entries;
}
const counted = /^(Message|Subject|MessageAttributes\.entry\.\d+\.(Name|Value\.\w+))$/;
const bytesIn = (entry: URLSearchParams): number =>
  [...entry].reduce((sum, [name, value]) => sum + (counted.test(name) ? Buffer.byteLength(value) : 0), 0);

const xml = { 'content-type': 'text/xml' };
const escaped = (text: string): string => text.replace(/[<>&]/g, (sign) => `&#${sign.charCodeAt(0)};`);

/** An error in the shape of the query protocol. */
export const snsError = (code: string, message: string, status = 400): GuardedAnswer => ({
  status,
  headers: xml,
  body: `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>front</RequestId></ErrorResponse>`,
  error: code,
});

/** What fauxqs leaves out of SNS: MessageStructure, the rules of a publish, and subscriptions other than queues. */
export async function createSnsFront(engine: Engine) {
  const mailbox: Mail[] = [];
  const texts: string[] = [];
  const requests: TopicRequest[] = [];
  const subscriptions = new Map<string, Subscription>();
  // Not exported by the package; the same code filters for queues.
  const filter: Filter = await import(new URL('sns/filter.js', import.meta.resolve('fauxqs')).href);

  function wants(
    { attributes: { FilterPolicy: policy, FilterPolicyScope: scope } }: Subscription,
    published: Published,
    text: string,
  ): boolean {
    if (policy === undefined) return true;
    const read: Record<string, unknown> = JSON.parse(policy);
    return scope === 'MessageBody'
      ? filter.matchesFilterPolicyOnBody(read, text)
      : filter.matchesFilterPolicy(read, published.attributes);
  }

  async function publishBatch(form: URLSearchParams, headers: IncomingHttpHeaders): Promise<GuardedAnswer> {
    const entries = entriesOf(form);
    const ids = entries.map((entry) => entry.get('Id'));
    if (entries.length === 0) return snsError('EmptyBatchRequest', 'The batch request has no entries');
    if (entries.length > 10) return snsError('TooManyEntriesInBatchRequest', 'More than ten entries');
    if (new Set(ids).size < ids.length) return snsError('BatchEntryIdsNotDistinct', 'Two entries have one id');
    if (entries.reduce((sum, entry) => sum + bytesIn(entry), 0) > 262_144)
      return snsError('BatchRequestTooLong', 'The entries are longer than 262144 bytes');
    requests.push({ messages: entries.length, bytes: entries.reduce((sum, entry) => sum + bytesIn(entry), 0) });
    const results: string[] = [];
    for (const entry of entries) {
      const { error, body } = await publish(entry, headers);
      const id = `<Id>${entry.get('Id')}</Id>`;
      const text = /<Message>([^<]*)</.exec(body)?.[1] ?? '';
      results.push(
        error === null
          ? `<Successful><member>${id}<MessageId>${/<MessageId>([^<]+)</.exec(body)?.[1] ?? ''}</MessageId></member></Successful>`
          : `<Failed><member>${id}<Code>${error}</Code><Message>${text}</Message><SenderFault>true</SenderFault></member></Failed>`,
      );
    }
    const lists = ['Successful', 'Failed'].map((list) => {
      const members = results.filter((one) => one.startsWith(`<${list}>`)).join('');
      return `<${list}>${members.replaceAll(`<${list}>`, '').replaceAll(`</${list}>`, '')}</${list}>`;
    });
    const body = `<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult>${lists.join('')}</PublishBatchResult></PublishBatchResponse>`;
    return { status: 200, headers: xml, body, error: null };
  }

  async function publish(form: URLSearchParams, headers: IncomingHttpHeaders): Promise<GuardedAnswer> {
    const published = readPublish(form);
    if (typeof published === 'string') return snsError('InvalidParameter', `Invalid parameter: ${published}`);
    const { parts, subject, attributes } = published;
    const fallback = parts['default'] ?? '';
    const forQueues = new URLSearchParams(form);
    forQueues.delete('MessageStructure');
    forQueues.set('Message', parts['sqs'] ?? fallback);
    const answer = await engine.sns(forQueues, headers);
    if (answer.error !== null) return answer;
    texts.push(fallback);
    const topic_arn = form.get('TopicArn') ?? '';
    for (const subscription of subscriptions.values()) {
      const { protocol, endpoint } = subscription;
      const text = parts[protocol] ?? fallback;
      if (subscription.topic_arn === topic_arn && wants(subscription, published, text))
        mailbox.push({ topic_arn, protocol, endpoint, subject, text, attributes });
    }
    return answer;
  }

  async function subscribe(form: URLSearchParams, headers: IncomingHttpHeaders): Promise<GuardedAnswer> {
    const answer = await engine.sns(form, headers);
    const arn = /<SubscriptionArn>([^<]+)</.exec(answer.body)?.[1];
    const protocol = form.get('Protocol') ?? '';
    if (answer.error !== null || arn === undefined || protocol === 'sqs') return answer;
    const attributes: Record<string, string> = {};
    for (let number = 1; form.has(`Attributes.entry.${number}.key`); number += 1)
      attributes[form.get(`Attributes.entry.${number}.key`) ?? ''] = form.get(`Attributes.entry.${number}.value`) ?? '';
    const [topic_arn, endpoint] = [form.get('TopicArn') ?? '', form.get('Endpoint') ?? ''];
    subscriptions.set(arn, { arn, topic_arn, protocol, endpoint, attributes });
    return answer;
  }

  return {
    mailbox,
    published: texts,
    requests,
    subscriptions,
    handle: async (action: string, form: URLSearchParams, headers: IncomingHttpHeaders): Promise<GuardedAnswer> => {
      if (action === 'Publish') return publish(form, headers);
      if (action === 'Subscribe') return subscribe(form, headers);
      if (action === 'PublishBatch') return publishBatch(form, headers);
      const answer = await engine.sns(form, headers);
      const known = subscriptions.get(form.get('SubscriptionArn') ?? '');
      if (answer.error !== null || known === undefined) return answer;
      if (action === 'Unsubscribe') subscriptions.delete(known.arn);
      if (action === 'SetSubscriptionAttributes')
        known.attributes[form.get('AttributeName') ?? ''] = form.get('AttributeValue') ?? '';
      return answer;
    },
  };
}
