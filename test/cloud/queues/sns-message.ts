/** A publish as it was asked for. */
export type Published = {
  subject: string | null;
  /** By protocol; `default` is always there. */
  parts: Record<string, string>;
  attributes: Record<string, MessageAttribute>;
};
export type MessageAttribute = { DataType: string; StringValue?: string; BinaryValue?: string };

const maxBytes = 262_144;
const maxSubject = 100;
const attributeName = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)(?!.*\.$)[A-Za-z0-9_.-]{1,256}$/i;

/** Reads `Publish` from its form, or says why the service refuses it (InvalidParameter). */
export function readPublish(form: URLSearchParams): Published | string {
  const subject = form.get('Subject');
  const message = form.get('Message') ?? '';
  if (subject !== null && (subject === '' || subject.length > maxSubject || /\p{Cc}/u.test(subject)))
    return 'Subject: must be 1 to 100 characters without line breaks or control characters';
  const attributes = attributesIn(form);
  if (typeof attributes === 'string') return attributes;
  const texts = [message, ...Object.entries(attributes).flatMap(([name, one]) => [name, ...Object.values(one)])];
  if (texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0) > maxBytes) return 'Message too long';
  if (message === '') return 'Empty message';
  const structure = form.get('MessageStructure');
  if (structure === null) return { subject, parts: { default: message }, attributes };
  if (structure !== 'json') return 'MessageStructure: must be json';
  const parts = partsIn(message);
  return typeof parts === 'string' ? parts : { subject, parts, attributes };
}

/** Values that are no text are ignored, as the service does. */
function partsIn(message: string): Record<string, string> | string {
  let value: unknown;
  try {
    value = JSON.parse(message);
  } catch {
    return 'Message Structure - JSON message body failed to parse';
  }
  if (typeof value !== 'object' || value === null) return 'Message Structure - JSON message body failed to parse';
  const parts: Record<string, string> = {};
  for (const [protocol, text] of Object.entries(value)) if (typeof text === 'string') parts[protocol] = text;
  return parts['default'] === undefined ? 'Message Structure - No default entry in JSON message body' : parts;
}

function attributesIn(form: URLSearchParams): Record<string, MessageAttribute> | string {
  const attributes: Record<string, MessageAttribute> = {};
  for (let number = 1; form.has(`MessageAttributes.entry.${number}.Name`); number += 1) {
    const under = `MessageAttributes.entry.${number}`;
    const name = form.get(`${under}.Name`) ?? '';
    const DataType = form.get(`${under}.Value.DataType`) ?? '';
    const StringValue = form.get(`${under}.Value.StringValue`);
    const BinaryValue = form.get(`${under}.Value.BinaryValue`);
    if (!attributeName.test(name) || name in attributes) return `message attribute name ${name} is invalid`;
    if ((StringValue ?? BinaryValue ?? '') === '')
      return `The message attribute '${name}' must contain non-empty value`;
    attributes[name] = {
      DataType,
      ...(StringValue === null ? {} : { StringValue }),
      ...(BinaryValue === null ? {} : { BinaryValue }),
    };
  }
  return attributes;
}
