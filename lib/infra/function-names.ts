/** The functions, by the name of their folder. */
export const functionNames = ['start', 'status', 'cancel', 'mcp', 'poll', 'deliver', 'sweep'] as const;
export type FunctionName = (typeof functionNames)[number];
