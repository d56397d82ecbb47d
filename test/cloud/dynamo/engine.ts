import type { IncomingHttpHeaders, Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Item } from './billing.ts';

/** A request or an answer of DynamoDB's JSON protocol, as far as the front looks into it. */
export type Body = {
  TableName?: string;
  IndexName?: string;
  Key?: Item;
  Item?: Item;
  Items?: Item[];
  ConsistentRead?: boolean;
  ExpressionAttributeValues?: Item;
  KeyConditionExpression?: string;
  ReturnValuesOnConditionCheckFailure?: string;
  [field: string]: unknown;
};
export type EngineAnswer = { status: number; body: Body };
/** Sends one action to dynalite in its own protocol, signed as the caller signed. */
export type Engine = {
  send(action: string, body: Body, headers: IncomingHttpHeaders): Promise<EngineAnswer>;
  close(): Promise<void>;
};

type Dynalite = (options: { path?: string; createTableMs: number; deleteTableMs: number }) => Server;
const require = createRequire(import.meta.url);

/** dynalite in this process: in memory, or on disk under `path`. */
export async function startEngine(path: string | undefined): Promise<Engine> {
  const dynalite = require('dynalite') as Dynalite; // it brings no types of its own
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, ...(path === undefined ? {} : { path }) });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo; // a listening TCP server has no other kind
  return {
    send: async (action, body, { authorization, 'x-amz-date': date }) => {
      const response = await fetch(`http://127.0.0.1:${port}/`, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': `DynamoDB_20120810.${action}`,
          ...(authorization === undefined ? {} : { authorization }),
          ...(typeof date === 'string' ? { 'x-amz-date': date } : {}),
        },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: (await response.json()) as Body }; // dynalite answers in JSON always
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
