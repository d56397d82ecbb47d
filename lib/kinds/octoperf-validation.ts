import type { Kind } from '../core/kind.ts';
import { benchResultStates } from './octoperf-states.ts';

/** A validation of a virtual user on OctoPerf. It is watched by its own bench result: the latest validation of the virtual user may be another one. */
export const octoperfValidation: Kind = {
  name: 'octoperf-validation',
  description: 'An OctoPerf validation of a virtual user: one user, a few iterations.',
  transport: 'mcp',
  start: {
    tool: 'validate_virtual_user',
    arguments: {
      projectId: '{projectId}',
      virtualUserId: '{virtualUserId}',
      providerId: '{providerId}',
      location: '{location}',
      iterations: '{iterations?}',
    },
  },
  handle: { benchResultId: 'benchResultId', 'projectId?': 'projectId', 'virtualUserId?': 'virtualUserId' },
  status: { tool: 'get_bench_result', arguments: { benchResultId: '{benchResultId}' } },
  about: { benchResultId: 'id || benchResultId' },
  cancel: { tool: 'stop_bench_result', arguments: { benchResultId: '{benchResultId}' } },
  acceptors: benchResultStates,
  paths: { message: 'message || error.message', upstream_state: 'state' },
  pace: { interval_seconds: 5 },
  estimate: {
    name: 'octoperf-validation',
    call: { tool: 'get_virtual_user', arguments: { virtualUserId: '{virtualUserId}' } },
  },
  expected_seconds: 30,
  // As for a run: the platform is given the time to end it.
  overtime_seconds: 1500,
  next_step: {
    complete:
      'FINISHED is not passed: get_virtual_user_validation_index(virtualUserId) lists each action with success and total. Failures or an empty index: skill octoperf-validation-triage. None: the virtual user is ready for a scenario.',
    failed:
      'Skill octoperf-validation-triage: the engine ended it, so that the index may be empty. list_bench_result_files(benchResultId), then read_bench_result_file_lines(benchResultId, "jmeter.log"), first and last 50 lines.',
    start_rejected: 'Read message. sanity_check_virtual_user(virtualUserId) names what blocks a validation.',
    start_unknown:
      'It may have begun. get_virtual_user_validation(projectId, virtualUserId) shows the latest one; if it is yours, hand it over with job adopt.',
    timed_out:
      'It was still going long past its time. list_bench_docker_logs(benchResultId) says why; stop_bench_result(benchResultId) ends it.',
  },
};
