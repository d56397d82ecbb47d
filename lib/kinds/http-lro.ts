import type { Acceptor, Kind } from '../core/kind.ts';

const when = (state: Acceptor['state'], path: string): Acceptor => ({
  state,
  matcher: { path, expected: 'true', comparator: 'booleanEquals' },
});

/** Azure guideline: `status` of the status monitor, in any of the spellings seen. */
const word = 'status || properties.provisioningState || `""`';
const statusIs = (...words: string[]): string =>
  `contains(['${words.flatMap((one) => [one, one.toLowerCase(), one.toUpperCase()]).join("','")}'], ${word})`;

/** A long-running operation as the Azure guideline (`Operation-Location`) and Google's AIP-151 (`done`) describe it. */
export const httpLro: Kind = {
  name: 'http-lro',
  description: 'An HTTP long-running operation: status, acceptors and cancel have defaults (Azure guideline, AIP-151).',
  transport: 'http',
  carries_calls: true,
  handle: { operation_url: { header: ['operation-location', 'azure-asyncoperation', 'location'] } },
  status: { url: '{operation_url}' },
  cancel: { method: 'DELETE', url: '{operation_url}' },
  acceptors: [
    // 303 See Other: the result is elsewhere, which is how a finished operation says so.
    { state: 'success', matcher: { httpStatus: [303] } },
    // AIP-151: error code 1 is CANCELLED.
    when('cancelled', 'done == `true` && error.code == `1`'),
    when('failure', 'done == `true` && error != `null`'),
    when('success', 'done == `true`'),
    when('success', statusIs('Succeeded')),
    when('failure', statusIs('Failed')),
    when('cancelled', statusIs('Canceled', 'Cancelled')),
    // An error without any word on the state; with "done": false or a status it is the operation's own business.
    when('failure', `type(error) == 'object' && done == \`null\` && (${word}) == \`""\``),
    when('retry', statusIs('NotStarted', 'Running', 'InProgress', 'Accepted')),
    when('retry', 'done == `false`'),
  ],
  paths: {
    message: 'error.message || message',
    progress: 'percentComplete || metadata.progressPercent || metadata.progressPercentage',
    result: 'result || response || properties || resourceLocation',
    upstream_state:
      "status || properties.provisioningState || (done == `true` && 'done') || (done == `false` && 'running') || `null`",
  },
};
