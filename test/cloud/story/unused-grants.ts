/** What the roles of the stories' deployment may do though their tour never asks for it, each with its reason. */
export const unusedGrants: [RegExp, string][] = [
  [
    /^UntilDone\w+Role\w*: logs:(CreateLogStream|PutLogEvents) on /,
    'the Lambda service writes logs, and is not stood for here',
  ],
  [
    /^UntilDone(Poll|Deliver)Role\w*: sqs:GetQueueAttributes on /,
    'the Lambda service asks for it when a queue is mapped to a function',
  ],
];
