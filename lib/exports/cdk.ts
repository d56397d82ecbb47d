/*
 * `import … from 'untildone/cdk'`: the construct. Needs `aws-cdk-lib` and `constructs` beside it, and nothing else: the
 * functions come bundled. No top-level await here or below, so that CDK apps in CommonJS can require it.
 */

export { ConfigError } from '../core/errors.ts';
export type { SlackChannel } from '../infra/announcements.ts';
export type { ApiAuth } from '../infra/jobs-api.ts';
export { UntilDone, type UntilDoneProps } from '../infra/until-done.ts';
export { UntilDoneStack } from '../infra/until-done-stack.ts';
