import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { ConfigError } from '../lib/core/errors.ts';
import { readAppContext } from '../lib/infra/app-context.ts';
import { UntilDoneStack } from '../lib/infra/until-done-stack.ts';

// Synthesized below: by itself it would also be when it could not be put together.
const app = new App({ autoSynth: false });
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
try {
  const { stack, untilDone } = readAppContext(app);
  new UntilDoneStack(app, stack, { untilDone });
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  // What an operator must mend is said in words, not as a stack of ours.
  console.error(error.message);
  process.exitCode = 1;
}
