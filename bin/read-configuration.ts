import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Configuration, readConfiguration } from '../lib/core/configuration.ts';
import { ConfigError } from '../lib/core/errors.ts';

const usual = 'untildone.config.json';

/** The configuration, and the directory its `file:` references are relative to. */
export type FoundConfiguration = { configuration: Configuration; directory: string; path: string | null };

/** Reads `path`, or `untildone.config.json` if there is one, or nothing. Throws ConfigError with every problem at once. */
export function findConfiguration(path: string | undefined): FoundConfiguration {
  const file = resolve(path ?? usual);
  if (path === undefined && !existsSync(file))
    return { configuration: checked({}, file), directory: process.cwd(), path: null };
  return { configuration: checked(parsed(file), file), directory: dirname(file), path: file };
}

function parsed(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`the configuration ${file} cannot be read; name an existing file with --config`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(
      `the configuration ${file} is not JSON: ${error instanceof Error ? error.message : 'it does not parse'}`,
      { cause: error },
    );
  }
}

function checked(raw: unknown, file: string): Configuration {
  const read = readConfiguration(raw);
  if (read.ok) return read.configuration;
  throw new ConfigError(`the configuration ${file} has ${read.problems.length} problem(s)`, {
    problems: read.problems,
  });
}
