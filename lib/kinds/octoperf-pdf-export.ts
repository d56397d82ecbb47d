import type { Kind } from '../core/kind.ts';
import { taskStates } from './octoperf-states.ts';

/** The export of an OctoPerf bench report as PDF. Its download link is good for one use and five minutes, so that it is made when somebody wants the file. */
export const octoperfPdfExport: Kind = {
  name: 'octoperf-pdf-export',
  description: 'The export of an OctoPerf bench report as PDF.',
  transport: 'mcp',
  start: {
    tool: 'export_bench_report_pdf',
    arguments: { benchReportId: '{benchReportId}', locale: '{locale?}', timezone: '{timezone?}' },
  },
  handle: { taskId: 'taskId', 'benchReportId?': 'benchReportId' },
  status: { tool: 'get_task_result', arguments: { taskId: '{taskId}' } },
  about: { taskId: 'taskId' },
  acceptors: taskStates,
  paths: { message: 'message', upstream_state: 'status' },
  pace: { interval_seconds: 3 },
  expected_seconds: 60,
  timeout_seconds: 300,
  next_step: {
    complete:
      'get_bench_report(benchReportId).benchResultIds[0], list_bench_result_files for the newest .pdf, then download_bench_result_file: its link works once and for five minutes, so make it only when the file is wanted.',
    failed:
      'Skill octoperf-export-bench-report-pdf: message is the backend’s own word. Show it as it is, and stop there.',
    cancelled: 'A task cannot be cancelled: get_task_result(taskId) still says what became of it.',
    start_rejected: 'Read message. Outdated report data is refused: update_report_data(reportId) comes first.',
    start_unknown:
      'The export may have begun. list_bench_result_files(benchResultId) of the report’s first bench result shows a new .pdf if it did.',
    timed_out: 'The task is unusually slow. get_task_result(taskId) says whether it ends; it cannot be cancelled.',
  },
};
