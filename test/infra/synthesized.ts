import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import type { FunctionName } from '../../lib/infra/function-names.ts';
import { UntilDone, type UntilDoneProps } from '../../lib/infra/until-done.ts';

/** Without bundling, which a template does not need; what CloudFormation would refuse is an error. */
export const unbundled = (): App =>
  new App({ context: { 'aws:cdk:bundling-stacks': [], '@aws-cdk/core:validateAgainstDefaultRules': true } });

export const account = '123456789012';
export const region = 'eu-west-1';

type Resource = { Type: string; Properties?: Record<string, unknown>; DeletionPolicy?: string };
type Props = UntilDoneProps | ((stack: Stack) => UntilDoneProps);

/** A deployment's template, and ways to ask it. What CloudFormation and cdk-nag say of templates is asked in `app.test.ts`: it takes three times as long as the rest. */
export function synthesized(props: Props = {}) {
  const app = unbundled();
  const stack = new Stack(app, 'Test', { env: { account, region } });
  const untilDone = new UntilDone(stack, 'UntilDone', typeof props === 'function' ? props(stack) : props);
  const asked = process.env['CDK_VALIDATION'];
  process.env['CDK_VALIDATION'] = 'false';
  const template = Template.fromStack(stack);
  if (asked === undefined) delete process.env['CDK_VALIDATION'];
  else process.env['CDK_VALIDATION'] = asked;
  const resources: Record<string, Resource> = template.toJSON()['Resources'];
  const idOf = (construct: { node: { defaultChild?: unknown } }): string =>
    // Every construct asked for here is made of one CloudFormation resource.
    String(stack.resolve((construct.node.defaultChild as { logicalId: unknown }).logicalId));
  const functionOf = (name: FunctionName): Record<string, unknown> =>
    resources[idOf(untilDone.functions[name].fn)]?.Properties ?? {};
  return {
    app,
    stack,
    untilDone,
    template,
    resources,
    idOf,
    propertiesOf: (construct: { node: { defaultChild?: unknown } }) => resources[idOf(construct)]?.Properties ?? {},
    all: (type: string): Record<string, unknown>[] =>
      Object.values(resources).flatMap((resource) => (resource.Type === type ? [resource.Properties ?? {}] : [])),
    functionOf,
    variablesOf: (name: FunctionName): string[] =>
      Object.keys((functionOf(name)['Environment'] as { Variables: object }).Variables).sort(),
    variableOf: (name: FunctionName, variable: string): unknown =>
      (functionOf(name)['Environment'] as { Variables: Record<string, unknown> }).Variables[variable],
  };
}
export type Synthesized = ReturnType<typeof synthesized>;
