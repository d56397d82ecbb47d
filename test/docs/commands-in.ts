import { jobId } from '../cli/support/jobs.ts';

/** The command lines of a page that call the CLI: in `sh` blocks, and in the text between backticks. */
export function commandsIn(page: string): string[] {
  const inBlocks = [...page.matchAll(/^untildone .*$/gm)].map(([line]) => line);
  const inText = [...page.matchAll(/`(untildone [^`]+)`/g)].map((match) => match[1] ?? '');
  return [...new Set([...inBlocks, ...inText])];
}

/** The words of a command line behind the program's name, as a shell would split it; JOB_ID stands for an id. */
export function wordsOf(command: string): string[] {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '');
  return words.slice(1).map((word) => word.replace('JOB_ID', jobId));
}
