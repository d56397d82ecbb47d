/** An answer, as plain data: `text` is null where it has no body (304, HEAD). Header names in lower case. */
export type ApiAnswer = { status: number; headers: Readonly<Record<string, string>>; text: string | null };

/** The id of the request that is answered. */
export type Answered = { request_id: string };

/** Answers with a text, and with what every answer carries: the request's id, and word to keep it nowhere. */
export const answer = (
  { request_id }: Answered,
  text: string | null,
  status: number,
  headers: Readonly<Record<string, string>>,
): ApiAnswer => ({
  status,
  headers: { 'x-request-id': request_id, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', ...headers },
  text,
});
