import type { Call, McpCall } from './kind.ts';

/** Which sort of call it is. Apart from the schemas: who only makes calls need not load them. */
export const isToolCall = (call: Call): call is McpCall => 'tool' in call;
