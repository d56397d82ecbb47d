import type { CallToolResult } from '@modelcontextprotocol/client';
import { cutText } from '../core/cut-text.ts';
import { plantTree, type Tree } from '../core/jmespath.ts';
import type { FaultType } from '../core/kind.ts';
import type { Answer } from '../ports.ts';
import type { Redactor } from './redact.ts';

const maxMessage = 2048;
/** An answer without a word, as of tools that were only listed. */
export const emptyAnswer: Answer = {
  answered: true,
  http_status: 200,
  body: undefined,
  unparseable: null,
  links: {},
  retry_after_seconds: null,
  rate_limited: false,
};

/** A tool's result as an answer: its structured content, else JSON in its texts, else the texts. `isError` goes with its words. */
export function readToolResult(result: CallToolResult, redactor: Redactor): Answer {
  const texts = (result.content ?? []).flatMap((block) => (block.type === 'text' ? [block.text] : []));
  const text = texts.join('\n');
  const value = result.structuredContent ?? [text, ...texts].map(jsonIn).find((json) => json !== undefined) ?? text;
  const tree = plantTree(value);
  if (tree === undefined) return { ...emptyAnswer, unparseable: 'too_deep' };
  const body = value === '' ? undefined : redactor.tree(tree, JSON.stringify(value));
  if (result.isError !== true) return { ...emptyAnswer, body };
  const message = redactor.text(text === '' ? 'the tool answered with an error and no words' : text);
  return { ...emptyAnswer, body, error: { type: 'tool_error', message: cutText(message, maxMessage) } };
}

/** A list or an object; a bare number or word is text like any other. */
function jsonIn(text: string): Tree | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A JSON-RPC error as an answer, named by what HTTP would have said: method not found, bad request, or trouble of theirs. */
export function readProtocolError(code: number, message: string, redactor: Redactor): Answer {
  const type: FaultType =
    code === -32601 ? 'not_found' : code === -32602 || code === -32600 || code === -32700 ? 'refused' : 'server_error';
  return { ...emptyAnswer, error: { type, message: cutText(redactor.text(message), maxMessage) } };
}

/** An answer that is not MCP. */
export const unreadable: Answer = { ...emptyAnswer, unparseable: 'unparseable' };
