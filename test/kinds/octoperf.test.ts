import { describe, expect, it } from 'vitest';
import { expressionProblem } from '../../lib/core/jmespath.ts';
import { type Kind, kindSchema } from '../../lib/core/kind.ts';
import { kindProblems } from '../../lib/core/kind-problems.ts';
import { progressAt, textAt } from '../../lib/core/looked-at.ts';
import { resolveKind } from '../../lib/core/resolve-kind.ts';
import { readStartAnswer } from '../../lib/core/start-answer.ts';
import { verdictOf } from '../../lib/core/verdict.ts';
import { octoperfCorrelation } from '../../lib/kinds/octoperf-correlation.ts';
import { octoperfPdfExport } from '../../lib/kinds/octoperf-pdf-export.ts';
import { octoperfScenario } from '../../lib/kinds/octoperf-scenario.ts';
import { octoperfValidation } from '../../lib/kinds/octoperf-validation.ts';
import { anAnswer, planted } from '../core/a-job.ts';

const kinds: Kind[] = [octoperfScenario, octoperfValidation, octoperfPdfExport, octoperfCorrelation];
const outcome = (kind: Kind, body: unknown): string => {
  const verdict = verdictOf(kind.acceptors ?? [], anAnswer(200, body));
  return verdict.type === 'going' ? `going${verdict.matched ? '' : ', unknown'}` : verdict.type;
};

describe.each(kinds)('$name', (kind) => {
  it('is what an operator could have written', () => {
    expect(kindSchema.safeParse(kind)).toEqual({ success: true, data: kind });
    expect(kindProblems(kind)).toEqual([]);
  });

  it('has expressions that parse', () => {
    const expressions = [
      ...(kind.acceptors ?? []).flatMap(({ matcher }) => ('path' in matcher ? [matcher.path] : [])),
      ...Object.values({ ...kind.paths, ...kind.about, ...kind.handle }).flatMap((path) =>
        typeof path === 'string' ? [path] : [],
      ),
    ];
    expect(expressions.length).toBeGreaterThan(5);
    expect(expressions.map(expressionProblem)).toEqual(expressions.map(() => undefined));
  });

  it('never says to do it again, and fetches no download link', () => {
    const steps = Object.values(kind.next_step ?? {}).join(' ');
    expect(steps).not.toMatch(/retry|re-?try|run it again|start it again|re-?run|try again|export it again/i);
    expect(JSON.stringify([kind.start, kind.status, kind.progress, kind.cancel])).not.toContain('download');
  });

  it('says what to do when it failed, and when nobody knows whether it began', () => {
    expect(kind.next_step?.failed).toMatch(/^Skill octoperf-[a-z-]+/);
    expect(kind.next_step?.start_unknown).toMatch(/may have (begun|been applied)/);
    expect(kind.next_step?.complete).toMatch(/[a-z]+_[a-z_]+\(|octoperf-validation/);
  });
});

describe('the skill for what failed', () => {
  it.each<[Kind, string]>([
    [octoperfScenario, 'octoperf-scenario-diagnosis'],
    [octoperfValidation, 'octoperf-validation-triage'],
    [octoperfPdfExport, 'octoperf-export-bench-report-pdf'],
    [octoperfCorrelation, 'octoperf-auto-correlation'],
  ])('of $name is %s', (kind, skill) => {
    expect(kind.next_step?.failed).toContain(skill);
  });

  it.each([octoperfScenario, octoperfValidation])('is not claimed by $name: FINISHED is not passed', (kind) => {
    expect(kind.next_step?.complete).toMatch(/^FINISHED is not passed/);
  });
});

describe.each([octoperfScenario, octoperfValidation])('a bench result of $name', (kind) => {
  it.each<[string, string]>([
    ['CREATED', 'going'],
    ['PENDING', 'going'],
    ['SCHEDULED', 'going'],
    ['SCALING', 'going'],
    ['PREPARING', 'going'],
    ['INITIALIZING', 'going'],
    ['RUNNING', 'going'],
    ['FINISHED', 'success'],
    ['ABORTED', 'failure'],
    ['ERROR', 'failure'],
    ['finished', 'going, unknown'],
    ['PAUSED', 'going, unknown'],
  ])('that is %s is %s', (state, expected) => {
    expect(outcome(kind, { id: 'b', state })).toBe(expected);
    expect(textAt(planted({ id: 'b', state }), kind.paths?.upstream_state)).toBe(state);
  });

  it.each([{ finished: true }, { progress: 1 }, { value: 100 }, 'FINISHED', { status: 'FINISHED' }])(
    'is not over for %j',
    (body) => {
      expect(outcome(kind, body)).toBe('going, unknown');
    },
  );
});

describe.each([octoperfPdfExport, octoperfCorrelation])('a task of $name', (kind) => {
  it.each<[string, string]>([
    ['PENDING', 'going'],
    ['SUCCESS', 'success'],
    ['PARTIAL', 'success'],
    ['FAILED', 'failure'],
    ['QUEUED_UP', 'going, unknown'],
  ])('that is %s is %s', (status, expected) => {
    expect(outcome(kind, { taskId: 't', status, message: null })).toBe(expected);
  });

  it('warns of a part', () => {
    const verdict = verdictOf(kind.acceptors ?? [], anAnswer(200, { taskId: 't', status: 'PARTIAL' }));
    expect(verdict).toMatchObject({ type: 'success', warning: expect.stringContaining('PARTIAL') });
  });

  it('has its words verbatim', () => {
    const message = '  java.lang.IllegalStateException: boom\n\tat com.octoperf.Print(Print.java:7)\n';
    expect(textAt(planted({ taskId: 't', status: 'FAILED', message }), kind.paths?.message)).toBe(message);
  });

  it('cannot be cancelled', () => {
    expect(kind.cancel).toBeUndefined();
  });
});

describe('what run_scenario answers', () => {
  const read = (body: unknown) => {
    const resolved = resolveKind(octoperfScenario, { input: { scenarioId: 's-1' } });
    if (!resolved.ok) throw new Error('the kind does not start');
    return readStartAnswer(resolved.kind, anAnswer(200, body));
  };
  it.each<[string, unknown, Record<string, unknown>]>([
    [
      'the documented one',
      { benchReportId: 'r', benchResultIds: ['a', 'b'] },
      { benchResultIds: ['a', 'b'], benchReportId: 'r' },
    ],
    ['its short form', { benchResultId: 'a' }, { benchResultIds: ['a'] }],
    [
      'its REST twin',
      { id: 'r', projectId: 'p', benchResultIds: ['a'] },
      { benchResultIds: ['a'], benchReportId: 'r' },
    ],
    [
      'one id where a list is due',
      { benchReportId: 'r', benchResultIds: 'a' },
      { benchResultIds: ['a'], benchReportId: 'r' },
    ],
    ['a hole in its list', { benchReportId: 'r', benchResultIds: ['a', null] }, { benchResultIds: ['a'] }],
  ])('is read as %s', (_name, body, handle) => {
    expect(read(body)).toMatchObject({ ok: true, handle: { ...handle, scenarioId: 's-1' } });
  });

  it.each([
    {},
    { benchReportId: 'r' },
    { benchReportId: 'r', benchResultIds: [] },
    { benchResultIds: null },
    'started',
  ])('has no usable id in %j', (body) => {
    expect(read(body)).toMatchObject({ ok: false });
  });
});

it('reads a progress under any name, or as a number alone', () => {
  const path = octoperfScenario.paths?.progress;
  for (const body of [{ value: 42 }, { progress: 42 }, { result: 42 }, 42, '42', '42.0%'])
    expect([body, progressAt(planted(body), path, 'unknown', 40)]).toEqual([body, 42]);
  for (const body of [{ value: 0 }, 0]) expect(progressAt(planted(body), path, 'unknown', 40)).toBe(0);
  for (const body of [{}, { state: 'RUNNING' }, 'soon']) expect(progressAt(planted(body), path)).toBeNull();
});

it.each<[string, Kind, Record<string, unknown>, Record<string, unknown>]>([
  ['a run', octoperfScenario, { scenarioId: 's' }, { scenarioId: 's' }],
  ['a run of a template', octoperfScenario, { scenarioId: 's', templateId: 't' }, { scenarioId: 's', templateId: 't' }],
  ['a PDF', octoperfPdfExport, { benchReportId: 'r' }, { benchReportId: 'r' }],
  [
    'a PDF in French',
    octoperfPdfExport,
    { benchReportId: 'r', locale: 'fr-FR', timezone: 'UTC' },
    { benchReportId: 'r', locale: 'fr-FR', timezone: 'UTC' },
  ],
  [
    'a validation',
    octoperfValidation,
    { projectId: 'p', virtualUserId: 'v', providerId: 'c', location: 'l', iterations: 2 },
    { projectId: 'p', virtualUserId: 'v', providerId: 'c', location: 'l', iterations: 2 },
  ],
])('%s is started with the tool’s own arguments, and no others', (_name, kind, input, args) => {
  const resolved = resolveKind(kind, { input });
  expect(resolved.ok && resolved.kind.start).toMatchObject({ arguments: args });
  expect(resolved.ok && Object.keys((resolved.kind.start as { arguments: object }).arguments)).toEqual(
    Object.keys(args),
  );
});
