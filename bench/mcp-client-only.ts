// What the first call of a tool loads, beside what a function has loaded by then.
export { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
