import { z } from 'zod';
import { type Bench, isEnded, isRun, progressOf, reportDocument, resultDocument, ToolRefusal } from './bench.ts';
import { type Exports, logLines } from './exports.ts';
import { scenarios } from './virtual-users.ts';

/** What a call may use; `origin` is where this service was reached. */
export type ToolWorld = { bench: Bench; exports: Exports; origin: string };

/** One tool: names, arguments and answers as OctoPerf's MCP server has them. `run` throws ToolRefusal. */
export type Tool = {
  description: string;
  input: z.ZodObject;
  reads: boolean;
  run(given: never, world: ToolWorld): unknown;
};

const id = z.string().min(1).max(200);
const ofResult = z.strictObject({ benchResultId: id });
const ofVirtualUser = z.strictObject({ projectId: id, virtualUserId: id });
const ofFile = ofResult.extend({ filename: id });
const exportInput = z.strictObject({
  benchReportId: id,
  locale: z.string().max(64).default('en-GB'),
  timezone: z.string().max(64).default('UTC'),
});
const validateInput = ofVirtualUser.extend({
  providerId: z.string().max(200).optional(),
  location: z.string().max(200).optional(),
  iterations: z.int().min(1).max(10).default(1),
});
const linesInput = ofFile.extend({ from: z.int().min(0).default(0), count: z.int().min(1).max(500).default(50) });

/** Ties the arguments of `run` to the schema they are read by. */
const tool = <Input extends z.ZodObject>(one: {
  description: string;
  input: Input;
  reads: boolean;
  run(given: z.infer<Input>, world: ToolWorld): unknown;
}): Tool => one;

/** Every tool with something real behind it. */
export const tools: Record<string, Tool> = {
  get_scenario: tool({
    description: `The load profiles of a scenario: ${scenarios.map((one) => one.id).join(', ')}.`,
    input: z.strictObject({ scenarioId: id }),
    reads: true,
    run: ({ scenarioId }, { bench }) => bench.scenarioDocument(scenarioId),
  }),
  run_scenario: tool({
    description: 'Runs a scenario: real requests, one bench result for each user profile.',
    input: z.strictObject({ scenarioId: id }),
    reads: false,
    run({ scenarioId }, { bench }) {
      const report = bench.runScenario(scenarioId);
      return { benchReportId: report.id, benchResultIds: report.benchResultIds };
    },
  }),
  get_bench_result: tool({
    description: 'A run or validation and its state; FINISHED, ABORTED and ERROR are terminal.',
    input: ofResult,
    reads: true,
    run: ({ benchResultId }, { bench }) => resultDocument(bench.resultOf(benchResultId)),
  }),
  get_bench_status: tool({
    description: 'How far a run or validation is, 0–1; it says nothing of whether it has ended.',
    input: ofResult,
    reads: true,
    run: ({ benchResultId }, { bench }) => ({ value: progressOf(bench.resultOf(benchResultId)) }),
  }),
  stop_bench_result: tool({
    description: 'Stops a run or validation; it is ABORTED soon after.',
    input: ofResult,
    reads: false,
    run: ({ benchResultId }, { bench }) => resultDocument(bench.stop(benchResultId)),
  }),
  get_bench_report: tool({
    description: 'The runs of one scenario with what each measured.',
    input: z.strictObject({ reportId: id }),
    reads: true,
    run: ({ reportId }, { bench }) => reportDocument(bench.reportOf(reportId), bench),
  }),
  list_bench_docker_logs: tool({
    description: 'What the load generator wrote, at any time.',
    input: ofResult,
    reads: true,
    run: ({ benchResultId }, { bench }) => [{ container: 'load-generator', lines: logLines(benchResultId, bench) }],
  }),
  validate_virtual_user: tool({
    description: 'Walks a virtual user through its actions for real, once or so often as "iterations" says.',
    input: validateInput,
    reads: false,
    run({ projectId, virtualUserId, iterations }, { bench }) {
      const { id: benchResultId, of } = bench.validate(projectId, virtualUserId, iterations);
      return { benchResultId, state: of.state };
    },
  }),
  get_virtual_user: tool({
    description: 'A virtual user and the requests it sends.',
    input: z.strictObject({ virtualUserId: id }),
    reads: true,
    run: ({ virtualUserId }, { bench }) => bench.virtualUserOf(virtualUserId),
  }),
  get_virtual_user_validation: tool({
    description: 'The latest validation of a virtual user, whoever asked for it.',
    input: ofVirtualUser,
    reads: true,
    run({ projectId, virtualUserId }, { bench }) {
      const latest = bench.latestValidation(projectId, virtualUserId);
      return { benchResultId: latest.id, finished: isEnded(latest), state: latest.of.state };
    },
  }),
  get_virtual_user_validation_index: tool({
    description: 'The latest validation action by action: successes, tries, and when it failed.',
    input: z.strictObject({ virtualUserId: id }),
    reads: true,
    run({ virtualUserId }, { bench }) {
      const { of } = bench.latestValidation('shop', virtualUserId);
      return isRun(of) ? [] : of.actions;
    },
  }),
  export_bench_report_pdf: tool({
    description: 'Prints a report whose runs have ended.',
    input: exportInput,
    reads: false,
    run({ benchReportId, locale, timezone }, { exports }) {
      return { benchReportId, taskId: exports.print(benchReportId, { locale, timezone }).taskId };
    },
  }),
  get_task_result: tool({
    description: 'A task: PENDING, SUCCESS or FAILED, and then why.',
    input: z.strictObject({ taskId: id }),
    reads: true,
    run: ({ taskId }, { exports }) => exports.taskOf(taskId),
  }),
  list_bench_result_files: tool({
    description: 'The files of a run that has ended: its log, and what was printed of it.',
    input: ofResult,
    reads: true,
    run: ({ benchResultId }, { exports }) => exports.filesOf(benchResultId).map(({ filename }) => filename),
  }),
  read_bench_result_file_lines: tool({
    description: 'Lines of a text file of a run that has ended.',
    input: linesInput,
    reads: true,
    run({ benchResultId, filename, from, count }, { exports }) {
      if (!filename.endsWith('.log')) throw new ToolRefusal(`${filename} is no text; download it`);
      const lines = Buffer.from(exports.fileOf(benchResultId, filename).bytes).toString().split('\n');
      return { lines: lines.slice(from, from + count), total: lines.length };
    },
  }),
  download_bench_result_file: tool({
    description: 'A link to a file, which works once and for five minutes.',
    input: ofFile,
    reads: false,
    run({ benchResultId, filename }, { exports, origin }) {
      const { key, expires_ms } = exports.link(benchResultId, filename);
      return {
        url: `${origin}/downloads/${key}`,
        method: 'GET',
        expiresAt: new Date(expires_ms).toISOString(),
        instructions: 'The first GET uses the link up: fetch it when the file is wanted, and not before.',
      };
    },
  }),
};
