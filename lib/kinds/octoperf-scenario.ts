import type { Kind } from '../core/kind.ts';
import { benchResultStates } from './octoperf-states.ts';

/** A load test run on OctoPerf: started by `run_scenario`, which costs credits, and over when every bench result is. */
export const octoperfScenario: Kind = {
  name: 'octoperf-scenario',
  description: 'An OctoPerf load test run. Starting one costs credits: it is started at most once.',
  transport: 'mcp',
  start: { tool: 'run_scenario', arguments: { scenarioId: '{scenarioId}', templateId: '{templateId?}' } },
  handle: {
    // The short form of the answer has one id; its REST twin is the report itself.
    benchResultIds: 'benchResultIds[] || [benchResultIds || benchResultId]',
    'benchReportId?': 'benchReportId || id',
    'scenarioId?': 'scenarioId',
  },
  each: 'benchResultIds',
  status: { tool: 'get_bench_result', arguments: { benchResultId: '{benchResultIds}' } },
  about: { benchResultIds: 'id || benchResultId' },
  progress: { tool: 'get_bench_status', arguments: { benchResultId: '{benchResultIds}' } },
  cancel: { tool: 'stop_bench_result', arguments: { benchResultId: '{benchResultIds}' } },
  acceptors: benchResultStates,
  paths: { message: 'message || error.message', progress: 'value || progress || result || @', upstream_state: 'state' },
  // A number alone: of which scale, sources disagree.
  progress_scale: 'unknown',
  pace: { progress_every_checks: 2 },
  estimate: {
    name: 'octoperf-scenario',
    call: { tool: 'get_scenario', arguments: { scenarioId: '{scenarioId}' } },
    via: {
      call: { tool: 'get_bench_result', arguments: { benchResultId: '{benchResultIds}' } },
      values: { scenarioId: 'scenarioId' },
    },
  },
  expected_seconds: 600,
  // OctoPerf itself aborts a run 20 minutes past its planned end: it is given the time to say so.
  overtime_seconds: 1500,
  next_step: {
    complete:
      'FINISHED is not passed: nothing was judged. get_bench_report(benchReportId), then get_report_summary_values, get_report_insights and get_report_threshold_alarms say whether it met its criteria.',
    failed:
      'Skill octoperf-scenario-diagnosis. ABORTED: read_bench_result_file_lines(benchResultId, "jmeter.log"). ERROR: list_bench_docker_logs(benchResultId), then get_scenario_matching_plans(scenarioId). Credits may be spent.',
    cancelled: 'get_bench_report(benchReportId) has what was measured until it was stopped.',
    start_rejected:
      'Read message. get_scenario_matching_plans(scenarioId): an empty list means that no plan can host it; list_active_subscriptions() says which cap binds.',
    start_unknown:
      'The run may have begun and may be costing credits. Look first: list_bench_reports_by_project(projectId), newest. If it is there, hand it over with job adopt; if it is not, nothing began.',
    timed_out:
      'It was still going long past its planned end. get_bench_result(benchResultId) and list_bench_docker_logs(benchResultId) say why; stop_bench_result(benchResultId) ends it.',
  },
};
