import { expect, it } from 'vitest';
import { activeShardsOf } from '../../lib/aws/dynamo-layout.ts';
import { readConfiguration } from '../../lib/core/configuration.ts';
import { synthesized } from '../infra/synthesized.ts';
import { pageOf } from './pages.ts';

const page = pageOf('docs/scale.md');
const stack = synthesized();
const [stage] = stack.all('AWS::ApiGatewayV2::Stage') as { DefaultRouteSettings: { ThrottlingRateLimit: number } }[];
const poll = stack
  .all('AWS::Lambda::EventSourceMapping')
  .find(({ FunctionName }) => JSON.stringify(FunctionName).includes('Poll')) as {
  BatchSize: number;
  ScalingConfig: { MaximumConcurrency: number };
};
const read = readConfiguration({});
const perOwner = read.ok ? read.configuration.max_active_jobs_per_owner : 0;

/** What the page computes with, as the code has it. */
const figures: [string, number, (figure: number) => string][] = [
  [
    'hand-overs a second',
    stage?.DefaultRouteSettings.ThrottlingRateLimit ?? 0,
    (n) => `| hand-overs | 100 | **${n}** |`,
  ],
  ['batches at once', poll.ScalingConfig.MaximumConcurrency, (n) => `| 40 at once | **${n}** | the prop`],
  ['checks a batch', poll.BatchSize, (n) => `${n * 10} × 0.4 | 40 at once`],
  ['active jobs of an owner', perOwner, (n) => `| **${n.toLocaleString('en')}** in all |`],
  ['index partitions of an owner', activeShardsOf('me').length, (n) => `| ${n} index partitions, 2 writes a job |`],
];

it.each(figures)('the limits on paper have the %s of the code', (_, figure, sentence) => {
  expect(page).toContain(sentence(figure));
});
