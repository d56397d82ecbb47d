import type { Kind } from '../core/kind.ts';
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

/** The built-in kinds and those of a configuration that was checked before, by name; `kindsWith` is what checks it. */
export const knownKinds = (configured: readonly Kind[]): Map<string, Kind> =>
  new Map([...builtIn, ...configured].map((kind) => [kind.name, kind]));
