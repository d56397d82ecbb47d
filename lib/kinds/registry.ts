import type { Problem } from '../core/errors.ts';
import { ConfigError } from '../core/errors.ts';
import type { Kind } from '../core/kind.ts';
import { kindProblems } from '../core/kind-problems.ts';
import { http } from './http.ts';
import { httpLro } from './http-lro.ts';
import { mcpTool } from './mcp-tool.ts';
import { octoperfCorrelation } from './octoperf-correlation.ts';
import { octoperfPdfExport } from './octoperf-pdf-export.ts';
import { octoperfScenario } from './octoperf-scenario.ts';
import { octoperfValidation } from './octoperf-validation.ts';

/** The kinds there are without any configuration. */
export const builtIn: readonly Kind[] = [
  http,
  httpLro,
  mcpTool,
  octoperfScenario,
  octoperfValidation,
  octoperfPdfExport,
  octoperfCorrelation,
];

/** The built-in kinds and those of the configuration, by name. Throws ConfigError with every problem at once. */
export function kindsWith(configured: readonly Kind[]): ReadonlyMap<string, Kind> {
  const kinds = new Map(builtIn.map((kind) => [kind.name, kind]));
  const problems: Problem[] = [];
  for (const [position, kind] of configured.entries()) {
    if (kinds.has(kind.name))
      problems.push({ path: `kinds.${position}.name`, message: `"${kind.name}" is taken; give it another name` });
    problems.push(...kindProblems(kind).map(({ path, message }) => ({ path: `kinds.${position}.${path}`, message })));
    kinds.set(kind.name, kind);
  }
  if (problems.length > 0) throw new ConfigError('the configuration has unusable kinds', { problems });
  return kinds;
}
