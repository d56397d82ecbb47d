import { App, RemovalPolicy } from 'aws-cdk-lib';
import type { UntilDoneProps } from '../../../lib/infra/until-done.ts';
import { UntilDoneStack } from '../../../lib/infra/until-done-stack.ts';

/** Synthesizes a whole deployment with its bundles, as the CDK CLI does, into a folder. */
export function synthesize(directory: string, untilDone: UntilDoneProps): void {
  const app = new App({
    outdir: directory,
    analyticsReporting: false,
    context: { 'aws:cdk:enable-asset-metadata': true, '@aws-cdk/core:validateAgainstDefaultRules': true },
  });
  new UntilDoneStack(app, 'Local', {
    untilDone: { removalPolicy: RemovalPolicy.DESTROY, allowLoopback: true, ...untilDone },
  });
  app.synth();
}
