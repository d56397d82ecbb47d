import { randomUUID } from 'node:crypto';
import { type Bench, type BenchReport, isEnded, reportDocument, ToolRefusal } from './bench.ts';
import { renderPdf } from './pdf.ts';

/** A rendering that was asked for; `message` is why it failed, with the stack. */
export type ExportTask = { taskId: string; status: 'PENDING' | 'SUCCESS' | 'FAILED'; message: string | null };

/** In which language and time zone a report is printed. */
export type PrintOptions = { locale: string; timezone: string };

const LINK_LIVES_MS = 5 * 60_000;
const LOG_FILE = 'run.log';

type File = { filename: string; bytes: Uint8Array };

/** Prints reports, and hands out the files of results: by links that work once. At most `maxKept` of each are kept. */
export function createExports(bench: Bench, { maxKept }: { maxKept: number }) {
  const tasks = new Map<string, ExportTask>();
  const printed = new Map<string, File[]>();
  const links = new Map<string, File & { expires_ms: number }>();
  const keep = <T>(kept: Map<string, T>, key: string, one: T): void => {
    kept.set(key, one);
    for (const oldest of kept.keys()) if (kept.size > maxKept) kept.delete(oldest);
  };

  function print(reportId: string, options: PrintOptions): ExportTask {
    const report = bench.reportOf(reportId);
    if (!report.benchResultIds.every((id) => isEnded(bench.resultOf(id))))
      throw new ToolRefusal(`the figures of report ${reportId} are not final: wait until its runs have ended`);
    const task: ExportTask = { taskId: randomUUID(), status: 'PENDING', message: null };
    keep(tasks, task.taskId, task);
    setImmediate(() => {
      try {
        const [first = ''] = report.benchResultIds;
        keep(printed, first, [...(printed.get(first) ?? []), printedReport(report, bench, options)]);
        task.status = 'SUCCESS';
      } catch (error) {
        task.status = 'FAILED';
        task.message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      }
    });
    return task;
  }

  /** Nothing while it runs, as with the real thing; then its log, and what was printed of it. */
  function filesOf(benchResultId: string): File[] {
    const result = bench.resultOf(benchResultId);
    if (!isEnded(result)) return [];
    const log: File = { filename: LOG_FILE, bytes: Buffer.from(logLines(benchResultId, bench).join('\n')) };
    return [log, ...(printed.get(benchResultId) ?? [])];
  }

  function fileOf(benchResultId: string, filename: string): File {
    const files = filesOf(benchResultId);
    const file = files.findLast((one) => one.filename === filename);
    if (file !== undefined) return file;
    const there = files.map((one) => one.filename).join(', ');
    throw new ToolRefusal(`bench result ${benchResultId} has no file ${filename}; there are: ${there || 'none yet'}`);
  }

  return {
    print,
    taskOf(taskId: string): ExportTask {
      const task = tasks.get(taskId);
      if (task === undefined) throw new ToolRefusal(`there is no task ${taskId}`);
      return { ...task };
    },
    filesOf,
    fileOf,
    /** A key that `redeem` takes once, within five minutes. */
    link(benchResultId: string, filename: string): { key: string; expires_ms: number } {
      const key = randomUUID();
      const expires_ms = Date.now() + LINK_LIVES_MS;
      keep(links, key, { ...fileOf(benchResultId, filename), expires_ms });
      return { key, expires_ms };
    },
    redeem(key: string): File | undefined {
      const link = links.get(key);
      links.delete(key);
      return link !== undefined && link.expires_ms > Date.now() ? link : undefined;
    },
  };
}
export type Exports = ReturnType<typeof createExports>;

/** What a result wrote about itself, a line each. */
export function logLines(benchResultId: string, bench: Bench): string[] {
  return bench.resultOf(benchResultId).of.journal.map(({ at_ms, text }) => `${new Date(at_ms).toISOString()} ${text}`);
}

/** Throws RangeError for a locale or time zone that there is not. */
function printedReport(report: BenchReport, bench: Bench, { locale, timezone }: PrintOptions): File {
  const at = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone: timezone });
  const lines = reportDocument(report, bench).items.flatMap(({ benchResultId, ...item }) => [
    `Bench result ${benchResultId}`,
    ...JSON.stringify(item, null, 2).split('\n').slice(1, -1),
    '',
  ]);
  const bytes = renderPdf(report.name, [`Printed ${at.format(new Date())}`, '', ...lines]);
  return { filename: `${report.name.replaceAll(/\W+/g, '_')}.pdf`, bytes };
}
