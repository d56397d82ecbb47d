import { isToolCall } from './is-tool-call.ts';
import type { Tree } from './jmespath.ts';
import type { Call, HttpCall, McpCall } from './kind.ts';
import { oncePerValue } from './once-per.ts';

/** Values that `{name}` may take in a call. */
export type Variables = Record<string, Tree>;

const placeholder = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;
const whole = /^\{([A-Za-z_][A-Za-z0-9_]*)\??\}$/;
/** `{name?}`, the whole of an argument: without a value, the argument is left out. */
const optional = /^\{([A-Za-z_][A-Za-z0-9_]*)\?\}$/;
const anyPlaceholder = /\{([A-Za-z_][A-Za-z0-9_]*)(\??)\}/g;

/** Thrown while rendering a call whose value would leave its place: no such name, a dot segment in a URL, or half a character. */
export class TemplateError extends Error {
  readonly code = 'TEMPLATE_ERROR';
  override name = 'TemplateError';
}

const textOf = (value: Tree): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

function lookUp(variables: Variables, name: string): Tree {
  if (!Object.hasOwn(variables, name))
    throw new TemplateError(`{${name}} has no value; known: ${Object.keys(variables).join(', ') || 'none'}`);
  return variables[name] ?? null;
}

/** Text and names in turn, text first. */
const piecesOf = oncePerValue(1_000, (text: string) => text.split(placeholder));

function fill(text: string, variables: Variables, encode: (value: string) => string): string {
  // Calls that a job brought are its own: to remember those would push out the others.
  if (!text.includes('{')) return text;
  const pieces = piecesOf(text);
  return pieces.reduce((filled, piece, i) => filled + (i % 2 === 0 ? piece : encode(textOf(lookUp(variables, piece)))));
}

/** Percent-encodes a value as one path segment or query value; `.` and `..` would climb, so they are refused. */
function encodeInUrl(value: string): string {
  if (/^\.{1,2}$/.test(value.trim()))
    throw new TemplateError(`${JSON.stringify(value)} cannot stand in a URL: it would leave its path`);
  if (!value.isWellFormed())
    throw new TemplateError(`${JSON.stringify(value.slice(0, 80))} cannot stand in a URL: it has half a character`);
  return encodeURIComponent(value);
}

function isLeftOut(value: unknown, variables: Variables): boolean {
  const name = typeof value === 'string' ? optional.exec(value)?.[1] : undefined;
  return name !== undefined && !Object.hasOwn(variables, name);
}

/** Replaces in a body: a string that is one placeholder takes the value with its type, others take it as text. */
function fillTree(tree: unknown, variables: Variables): Tree {
  if (typeof tree === 'string') {
    const name = whole.exec(tree)?.[1];
    return name === undefined ? fill(tree, variables, (value) => value) : lookUp(variables, name);
  }
  if (Array.isArray(tree)) return tree.map((item) => fillTree(item, variables));
  if (tree !== null && typeof tree === 'object') {
    const copy: { [key: string]: Tree } = Object.create(null);
    for (const [key, item] of Object.entries(tree))
      if (!isLeftOut(item, variables)) copy[key] = fillTree(item, variables);
    return copy;
  }
  // JSON has no other values: callSchemas let only JSON in.
  return tree as Tree;
}

/** Renders a call: typed where the whole string is a placeholder, percent-encoded in URLs. Nothing else is evaluated. */
export function renderCall(call: HttpCall, variables: Variables): HttpCall;
export function renderCall(call: Call, variables: Variables): Call;
export function renderCall(call: Call, variables: Variables): Call {
  return isToolCall(call) ? renderToolCall(call, variables) : renderHttpCall(call, variables);
}

/** The values of the arguments, however deep; their names and the tool's stay as they are. */
const renderToolCall = (call: McpCall, variables: Variables): McpCall => ({
  tool: call.tool,
  // A rendered tree holds JSON values, which is what callSchemas call JSON.
  ...(call.arguments === undefined
    ? {}
    : { arguments: fillTree(call.arguments, variables) as NonNullable<McpCall['arguments']> }),
});

function renderHttpCall(call: HttpCall, variables: Variables): HttpCall {
  const name = whole.exec(call.url)?.[1];
  const url = name === undefined ? fill(call.url, variables, encodeInUrl) : textOf(lookUp(variables, name));
  const rendered: HttpCall = { url };
  if (call.method !== undefined) rendered.method = call.method;
  if (call.query !== undefined)
    rendered.query = Object.fromEntries(
      Object.entries(call.query)
        .filter(([, value]) => !isLeftOut(value, variables))
        .map(([key, value]) => [key, typeof value === 'string' ? fillQuery(value, variables) : value]),
    );
  if (call.headers !== undefined)
    rendered.headers = Object.fromEntries(
      Object.entries(call.headers).map(([key, value]) => [key, fill(value, variables, headerSafe)]),
    );
  // A rendered body is a tree of JSON values, which is what callSchemas call JSON.
  if (call.body !== undefined) rendered.body = fillTree(call.body, variables) as NonNullable<HttpCall['body']>;
  return rendered;
}

function fillQuery(value: string, variables: Variables): string {
  const name = optional.exec(value)?.[1];
  return name === undefined ? fill(value, variables, (text) => text) : textOf(lookUp(variables, name));
}

function headerSafe(value: string): string {
  if (!/^[\t\x20-\x7e]*$/.test(value))
    throw new TemplateError('a header value would have characters a header cannot carry');
  return value;
}

/** Names a call asks for, whether it needs them or not. */
export const placeholdersOf = (call: Call): string[] => [
  ...new Set([...JSON.stringify(call).matchAll(anyPlaceholder)].map((match) => match[1] ?? '')),
];

/** Names a call cannot do without. */
export const neededBy = (call: Call): string[] => [
  ...new Set([...JSON.stringify(call).matchAll(placeholder)].map((match) => match[1] ?? '')),
];

/** Whether `{name?}` stands where nothing can be left out: it is only good as a whole argument, query value or field of a body. */
export function misplacesOptional(call: Call): boolean {
  const all = [...JSON.stringify(call).matchAll(anyPlaceholder)].filter((match) => match[2] === '?').length;
  const places = isToolCall(call) ? [call.arguments] : [call.query, call.body];
  return all !== places.reduce<number>((sum, place) => sum + optionalsIn(place), 0);
}

function optionalsIn(tree: unknown): number {
  if (tree === null || typeof tree !== 'object') return 0;
  return Object.values(tree).reduce<number>(
    (sum, item) =>
      sum + optionalsIn(item) + (!Array.isArray(tree) && typeof item === 'string' && optional.test(item) ? 1 : 0),
    0,
  );
}
