import { describe, expect, it } from 'vitest';
import { isTerminal } from '../../lib/core/job.ts';
import type { Observation } from '../../lib/core/observation.ts';
import { Killed, killAt } from '../support/killing.ts';
import { octoperfBodies as bodies, octoperfWorld } from '../support/octoperf-world.ts';
import { answers, fails } from '../support/world.ts';
import { expectAllOver, expectZeroRow } from '../support/zero-row.ts';

const given = { expected_seconds: 60 };

describe('a start that OctoPerf refuses', () => {
  const noPlan = 'No matching plan for scenario s-1';
  const refusals: [string, Observation, string][] = [
    ['no plan, as a tool error', answers(noPlan, { error: { type: 'tool_error', message: noPlan } }), noPlan],
    ['an expired credential', answers({ error: 'token expired' }, { http_status: 401 }), 'token expired'],
    ['a 4xx', answers({ message: 'cannot deserialize' }, { http_status: 400 }), 'cannot deserialize'],
    ['no id', answers({ benchReportId: 'r', benchResultIds: [] }), 'without a usable id "benchResultIds"'],
    ['words and no id', answers({ message: noPlan }), noPlan],
    ['a bare text', answers(noPlan), noPlan],
  ];
  it.each(refusals)('is rejected with its words and polled by nobody: %s', async (_name, observation, words) => {
    const { one, remote } = octoperfWorld();
    const tool = one.remote.tool;
    one.remote.tool = (call) => (call.tool === 'run_scenario' ? observation : tool(call));
    await expect(one.start(bodies.scenario())).rejects.toMatchObject({
      code: 'START_REJECTED',
      message: expect.stringContaining(words),
    });
    await one.advance(3600);
    expect(remote.calls.map(({ tool: name }) => name)).toEqual(['get_scenario']);
    const [job] = [...one.jobs.values()];
    expect((await one.read(job?.job_id ?? '')).next_step).toContain('get_scenario_matching_plans');
    expectAllOver(one);
  });
});

describe('a start that stays unclear', () => {
  it.each<[string, Observation]>([
    ['no answer', fails('timeout')],
    ['trouble of theirs', answers({}, { http_status: 502 })],
  ])('says how to look, and is not repeated: %s', async (_name, observation) => {
    const { one, remote } = octoperfWorld();
    const tool = one.remote.tool;
    let starts = 0;
    one.remote.tool = (call) => {
      if (call.tool !== 'run_scenario') return tool(call);
      starts += 1;
      return observation;
    };
    const { job_id } = await one.start(bodies.scenario());
    await one.advance(3600);
    const { reason, message, next_step } = await one.read(job_id);
    expect(reason).toBe('start_unknown');
    expect(message).toContain('it is not known whether the remote job began: next_step says how to look');
    expect(next_step).toContain('list_bench_reports_by_project(projectId)');
    expect([starts, remote.count('get_bench_result')]).toEqual([1, 0]);
    expectAllOver(one);
  });
});

describe('a run that costs money', () => {
  /** Lives through a run, with one kill, whose caller asks again or is gone. */
  async function lived(nth: number, side: 'before' | 'after', retries: boolean) {
    const kill = killAt(nth, side);
    const { one, remote } = octoperfWorld({ around: kill.around, redeliver_seconds: 30 });
    for (let attempt = 0; attempt < (retries ? 2 : 1); attempt++)
      await one.start(bodies.scenario(), { idempotency_key: 'k' }).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      });
    await one.advance(60);
    remote.become('FINISHED');
    await one.advance(120);
    await one.sweep();
    await one.advance(60);
    // A run that only the sweep began is over now too.
    remote.become('FINISHED');
    await one.advance(4000);
    return { one, remote, killed: kill.at() };
  }

  for (const side of ['before', 'after'] as const)
    for (const retries of [true, false])
      it(`is started at most once, whichever call the process dies ${side}, ${retries ? 'asked for again' : 'or not'}`, async () => {
        const ends = new Set<string>();
        let nth = 1;
        for (; ; nth++) {
          const { one, remote, killed } = await lived(nth, side, retries);
          if (killed === null) break;
          expect([killed, remote.count('run_scenario') <= 1]).toEqual([killed, true]);
          expectAllOver(one);
          for (const { state } of one.jobs.values()) ends.add(`${state.status}/${state.reason}`);
          for (const job of one.jobs.values())
            if (job.state.status === 'complete') expect(remote.count('run_scenario')).toBe(1);
        }
        expect(nth).toBeGreaterThan(20);
        expect([...ends].sort()).toEqual(['complete/null', 'failed/start_unknown']);
      });
});

describe('a validation', () => {
  it('is watched by its own bench result: a newer one of the same virtual user settles nothing', async () => {
    const { one, remote } = octoperfWorld();
    const first = await one.start(bodies.validation(given));
    const second = await one.start(bodies.validation(given));
    expect([first.handle, second.handle]).toEqual([
      { benchResultId: 'br-1', projectId: 'p-1', virtualUserId: 'vu-1' },
      { benchResultId: 'br-2', projectId: 'p-1', virtualUserId: 'vu-1' },
    ]);
    remote.become('FINISHED', 'br-2');
    await one.advance(30);
    expect(isTerminal(one.job(first.job_id))).toBe(false);
    expect(one.job(second.job_id).state.status).toBe('complete');
    remote.become('ERROR', 'br-1');
    await one.advance(30);
    expect(one.job(first.job_id).state).toMatchObject({ status: 'failed', reason: 'upstream_failed' });
    expect((await one.read(first.job_id)).next_step).toContain('octoperf-validation-triage');
    expect(remote.count('get_virtual_user_validation')).toBe(0);
    expectAllOver(one);
  });

  it('is adopted, and never asked for progress', async () => {
    const { one, remote } = octoperfWorld();
    const { id } = remote.begin('');
    const handle = { benchResultId: id, virtualUserId: 'vu-1' };
    const { job_id, spec } = await one.start(bodies.validation({ input: undefined, handle }));
    expect(spec).toMatchObject({ expected_seconds: 30, interval_seconds: 5 });
    await one.advance(20);
    remote.become('FINISHED');
    await one.advance(10);
    expect(one.job(job_id).state.status).toBe('complete');
    expect(remote.count('get_bench_status')).toBe(0);
    expectAllOver(one);
  });

  it('takes no answer about another validation for its own', async () => {
    const { one } = octoperfWorld();
    const tool = one.remote.tool;
    one.remote.tool = (call) =>
      call.tool === 'get_bench_result' ? answers({ id: 'br-9', state: 'FINISHED' }) : tool(call);
    const { job_id } = await one.start(bodies.validation(given));
    await one.advance(60);
    expect(one.job(job_id).state).toMatchObject({ status: 'running' });
    expect(one.job(job_id).state.last_error).toContain('the answer is about "br-9"');
    expectZeroRow(one);
  });
});

describe.each(['pdf', 'correlation'] as const)('the task of a %s', (name) => {
  const begin = async (rest: object = {}) => {
    const { one, remote } = octoperfWorld();
    const { job_id } = await one.start(bodies[name](rest));
    const task = [...remote.tasks.values()][0];
    if (task === undefined) throw new Error('no task began');
    return { one, remote, task, job_id, job: () => one.job(job_id) };
  };

  it('is looked at every three seconds, until its deadline', async () => {
    const { one, remote, job } = await begin();
    await one.advance(60);
    expect(remote.count('get_task_result')).toBe(21);
    await one.advance(300);
    expect(job().state).toMatchObject({ status: 'failed', reason: 'timed_out' });
    expect(job().spec.timeout_seconds).toBe(name === 'pdf' ? 300 : 120);
    expectAllOver(one);
  });

  it('that ends in part is complete, with a warning', async () => {
    const { one, task, job } = await begin();
    Object.assign(task, { status: 'PARTIAL', message: '2 of 3 printed' });
    await one.advance(5);
    expect(job().state).toMatchObject({ status: 'complete', upstream_state: 'PARTIAL' });
    expect(job().state.warnings).toEqual([expect.stringContaining('PARTIAL')]);
    expect(job().seen.message).toBe('2 of 3 printed');
    expectAllOver(one);
  });

  it('that failed has its words verbatim, and the skill for it', async () => {
    const { one, task, job_id } = await begin();
    const message = 'java.lang.IllegalStateException: boom\n\tat com.octoperf.Print(Print.java:7)';
    Object.assign(task, { status: 'FAILED', message });
    await one.advance(5);
    const told = await one.read(job_id);
    expect(told).toMatchObject({ status: 'failed', reason: 'upstream_failed', message });
    expect(told.next_step).toMatch(/^Skill octoperf-/);
    expectAllOver(one);
  });

  it('cannot be cancelled: it says so, and is watched no more', async () => {
    const { one, remote, job, job_id } = await begin();
    await one.cancel(job_id);
    const looks = remote.count('get_task_result');
    await one.advance(60);
    expect(job().state).toMatchObject({ status: 'cancelled', reason: 'cancelled_by_caller' });
    expect(job().state.warnings).toEqual([expect.stringContaining('this kind of job cannot be cancelled')]);
    expect(remote.count('get_task_result')).toBe(looks);
    expectAllOver(one);
  });

  it('of another id says nothing of this one', async () => {
    const { one, job } = await begin();
    one.remote.tool = () => answers({ taskId: 'task-9', status: 'SUCCESS' });
    await one.advance(20);
    expect(job().state.status).toBe('running');
    expectZeroRow(one);
  });
});

it('an unknown state runs on, with a warning', async () => {
  const { one, remote } = octoperfWorld();
  const { job_id } = await one.start(bodies.scenario(given));
  remote.become('HIBERNATING');
  await one.advance(20);
  expect(one.job(job_id).state).toMatchObject({ status: 'running', upstream_state: 'HIBERNATING' });
  expect(one.job(job_id).state.warnings).toEqual([
    'the remote state "HIBERNATING" is in no acceptor; it is read as still running',
  ]);
  expectZeroRow(one);
});
