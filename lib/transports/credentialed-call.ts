import { ConfigError } from '../core/errors.ts';
import type { Answer, Fault } from '../ports.ts';
import type { Credential } from './credentials.ts';
import { unusable } from './death.ts';
import { refusal } from './follow-call.ts';
import { coolDown, type Lane } from './lane.ts';

/** One attempt with a credential. */
export type Send = (credential: Credential) => Promise<Answer | Fault>;
export type CredentialedCall = {
  lane: Lane;
  send: Send;
  /** Whether an answer means that nothing was done for want of a good credential, so that a second attempt is safe. */
  mayRepeat: (answer: Answer) => boolean;
  /** Whether a second attempt is worth it with a credential that has not changed. */
  repeats_unchanged: boolean;
  now_ms: () => number;
  /** On the clock of `performance.now()`. */
  until_ms: number;
};

/** Calls with the connection's credential, out of its rate budget; where that is refused, once more with the credential read again. What is refused then is dead. */
export async function credentialedCall(call: CredentialedCall): Promise<Answer | Fault> {
  const current = credentialOf(call.lane);
  const credential = current instanceof Promise ? await current : current;
  if ('answered' in credential) return withoutCredential(credential);
  const first = await pacedCall(call, credential);
  if (!first.answered || !call.lane.has_credential || !call.mayRepeat(first)) return judged(first, credential);
  // A secret that cannot be read again leaves the refusal we have as the answer.
  const renewed = await call.lane.credentials.refresh(credential).catch(() => undefined);
  // No token to try again with: why that is says more than the refusal, and may pass.
  if (renewed !== undefined && 'answered' in renewed) return withoutCredential(renewed);
  const changed = renewed !== undefined && renewed.value !== credential.value;
  if (renewed === undefined || !(changed || call.repeats_unchanged) || performance.now() >= call.until_ms)
    return judged(first, credential);
  const second = await pacedCall(call, renewed);
  return !second.answered && second.postponed ? judged(first, credential) : judged(second, renewed);
}

/** A 401 is about the credential; a 403 may be about this one thing, which other jobs have nothing to do with (RFC 9110 §15.5). */
function judged(seen: Answer | Fault, credential: Credential): Answer | Fault | Promise<Answer> {
  if (!seen.answered || seen.http_status !== 401) return seen;
  return credential.death().then((death) => ({ ...seen, death }));
}

const withoutCredential = (fault: Fault): Fault =>
  fault.type === 'auth_failed' && fault.death === undefined ? { ...fault, death: unusable(fault.message) } : fault;

/** One call out of the connection's rate budget; a rate-limited answer cools the whole connection down. */
async function pacedCall({ lane, send, now_ms }: CredentialedCall, credential: Credential): Promise<Answer | Fault> {
  const taken = lane.rate.take(now_ms());
  const wait_seconds = typeof taken === 'number' ? taken : await taken;
  if (wait_seconds > 0) return postponement(wait_seconds);
  const answer = await send(credential);
  if (answer.answered && answer.rate_limited) await coolDown(lane, answer, now_ms());
  return answer;
}

const postponement = (wait_seconds: number): Fault => ({
  ...refusal('rate_limited', `the connection's rate budget is spent; its next call goes in ${wait_seconds} s`),
  retry_after_seconds: wait_seconds,
  postponed: true,
});

/** The kept one at once: most calls need not wait. */
function credentialOf(lane: Lane): Credential | Promise<Credential | Fault> {
  const current = lane.credentials.current();
  return current instanceof Promise ? current.catch(unreadable) : current;
}

function unreadable(error: unknown): Fault {
  const known = error instanceof ConfigError;
  return refusal('auth_failed', known ? error.message : 'the secret of the connection cannot be read');
}
