import { get } from 'node:http';
import { streakInWords } from './errors-in-words.ts';

const FIRST_ANSWER_WITHIN_SECONDS = 10; // as long as autocannon waits for each answer later

/** Sends one plain request before the load, and returns null when any answer came, else what the target did, in words. */
export function sendFirstRequest(url: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    // Its own connection, closed afterwards: a pooled one would count among the target's connections during the load.
    const request = get(url, { agent: false, signal }, (response) => {
      response.on('error', () => {}).resume();
      resolve(null);
    });
    request.on('error', (error) => resolve(streakInWords(1, error)));
    request.setTimeout(FIRST_ANSWER_WITHIN_SECONDS * 1000, () => {
      request.destroy(new Error(`no answer within ${FIRST_ANSWER_WITHIN_SECONDS} s`));
    });
  });
}
