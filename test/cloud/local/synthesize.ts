import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { UntilDone, type UntilDoneProps } from '../../../lib/infra/until-done.ts';
import { UntilDoneStack } from '../../../lib/infra/until-done-stack.ts';

const context = { 'aws:cdk:enable-asset-metadata': true, '@aws-cdk/core:validateAgainstDefaultRules': true };
const local = { removalPolicy: RemovalPolicy.DESTROY, allowLoopback: true };

/** Synthesizes a whole deployment with its bundles, as the CDK CLI does, into a folder. */
export function synthesize(directory: string, untilDone: UntilDoneProps): void {
  const app = new App({ outdir: directory, analyticsReporting: false, context });
  new UntilDoneStack(app, 'Local', { untilDone: { ...local, ...untilDone } });
  app.synth();
}

/** The same with the construct in a stack that has more in it, and without bundles, which a deployment of the same names lends it. */
export function synthesizeWithin(directory: string, untilDone: (stack: Stack) => UntilDoneProps): void {
  const unbundled = { ...context, 'aws:cdk:bundling-stacks': [] };
  const app = new App({ outdir: directory, analyticsReporting: false, context: unbundled });
  // A table with a key of the customer's wants to know its Region.
  const stack = new Stack(app, 'Local', { env: { account: '000000000000', region: 'eu-west-1' } });
  new UntilDone(stack, 'UntilDone', { ...local, ...untilDone(stack) });
  app.synth();
}
