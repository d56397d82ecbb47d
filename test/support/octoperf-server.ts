import { type Before, type Tool, toolServer } from '../transports/mcp-world.ts';
import { octoperf, Refusal } from './octoperf.ts';

const names = [
  'run_scenario',
  'validate_virtual_user',
  'export_bench_report_pdf',
  'apply_correlations_to_virtual_user',
  'get_bench_result',
  'get_bench_status',
  'stop_bench_result',
  'get_scenario',
  'get_virtual_user',
  'get_task_result',
];

/** OctoPerf on loopback, behind the official MCP server: its answers are JSON in a text, its refusals `isError`. Close it. */
export async function octoperfServer(before?: Before, options: { sessions?: boolean } = {}) {
  const remote = octoperf();
  const say = (text: string, isError = false) => ({ content: [{ type: 'text' as const, text }], isError });
  const toolOf =
    (name: string): Tool =>
    (args) => {
      try {
        return say(JSON.stringify(remote.call(name, args)));
      } catch (error) {
        if (error instanceof Refusal) return say(error.message, true);
        throw error;
      }
    };
  const server = await toolServer(Object.fromEntries(names.map((name) => [name, toolOf(name)])), before, options);
  return { remote, url: server.url, loseSessions: server.loseSessions, close: server.close };
}
