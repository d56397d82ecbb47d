/** Names in lower case. A repeated header is joined with commas; only `Set-Cookie`, which no request has, may be a list. */
export type ApiHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** One request, as plain data that every host has at hand: Node's listener, API Gateway's event. */
export type ApiRequest = {
  /** In capitals. */
  method: string;
  /** As it was sent, percent escapes and all. */
  path: string;
  /** As it was sent, without the `?`; empty where there is none. */
  query: string;
  /** What it is addressed to, NAME or NAME:PORT: its `Host`, or what stands for it. */
  host: string;
  headers: ApiHeaders;
  /** What a gateway in front says about a caller it let through; only `ownerOf` reads it. */
  authorizer?: unknown;
  /** The body, empty where there is none; undefined when it is longer than `most_bytes`: the rest is not kept. Rejects when it breaks off. */
  bytes(most_bytes: number): Promise<Uint8Array | undefined>;
};

/** A header by its name in lower case; undefined where it is not there. */
export function headerOf({ headers }: Pick<ApiRequest, 'headers'>, name: string): string | undefined {
  const value = headers[name];
  return value === undefined || typeof value === 'string' ? value : value.join(', ');
}
