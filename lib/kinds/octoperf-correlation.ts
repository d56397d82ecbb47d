import type { Kind } from '../core/kind.ts';
import { taskStates } from './octoperf-states.ts';

/** The task that applies a project's correlation rules to a virtual user on OctoPerf, in place. */
export const octoperfCorrelation: Kind = {
  name: 'octoperf-correlation',
  description: 'Applies correlation rules to an OctoPerf virtual user, in place: there is no version to go back to.',
  transport: 'mcp',
  start: {
    tool: 'apply_correlations_to_virtual_user',
    arguments: { projectId: '{projectId}', virtualUserId: '{virtualUserId}' },
  },
  handle: { taskId: 'taskId', 'projectId?': 'projectId', 'virtualUserId?': 'virtualUserId' },
  status: { tool: 'get_task_result', arguments: { taskId: '{taskId}' } },
  about: { taskId: 'taskId' },
  acceptors: taskStates,
  paths: { message: 'message', upstream_state: 'status' },
  pace: { interval_seconds: 3 },
  expected_seconds: 30,
  timeout_seconds: 120,
  next_step: {
    complete:
      'The virtual user was rewritten. Validate it, as a job of the kind octoperf-validation, before it goes into a scenario.',
    failed:
      'Skill octoperf-auto-correlation: read message, which is the backend’s own word, then list_correlation_rules(projectId). The virtual user may be rewritten in part.',
    cancelled: 'A task cannot be cancelled: get_task_result(taskId) still says what became of it.',
    start_unknown:
      'The rules may have been applied. get_virtual_user(virtualUserId) shows whether extractors were added.',
    timed_out: 'The task is unusually slow. get_task_result(taskId) says whether it ends; it cannot be cancelled.',
  },
};
