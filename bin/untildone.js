#!/usr/bin/env node
// biome-ignore-all lint/style/useNodejsImportProtocol: an old Node does not know it, and this file is there for old Nodes
// Plain, old syntax: this must still parse where the rest cannot, to find the right Node itself, or to say what is wrong.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import module from 'module';
import { constants } from 'os';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const wanted = 24;
const seen = process.versions.node;
const self = fileURLToPath(import.meta.url);
const words = process.argv.slice(2);
// The repository has the source and runs it; the published package has what was built of it.
const inRepository = existsSync(join(dirname(self), 'untildone.ts'));
const modules = inRepository ? join(dirname(self), '..', 'node_modules') : join(dirname(self), '..', '..');
const own = [join(modules, '.bin', 'node'), join(modules, 'node', 'bin', 'node.exe')].find((path) => existsSync(path));

if (Number(seen.split('.')[0]) >= wanted) {
  // A sooner start (of the source 0.25 s instead of 0.49), where this clone or project may keep its compiled modules.
  if (/node_modules$/.test(modules) && existsSync(modules))
    module.enableCompileCache(join(modules, '.cache', 'untildone'));
  import(inRepository ? './untildone.ts' : '../dist/bin/untildone.js').catch((error) => {
    refuse('BROKEN_INSTALLATION', `untildone could not be loaded: ${error.message}`, 'npm install');
  });
} else if (own !== undefined && process.env.UNTILDONE_RELAUNCHED !== '1') {
  relaunch(own);
} else {
  const tooOld = `untildone runs on Node ${wanted} or newer, and this is Node ${seen}`;
  const plain = words.every((word) => /^[A-Za-z0-9_./:=@-]+$/.test(word)) ? words : ['--help'];
  const again = ['npx --no-install untildone'].concat(plain).join(' ');
  if (inRepository) refuse('NODE_TOO_OLD', `${tooOld}. Run it through npm, which brings the right one`, again);
  else
    refuse(
      'NODE_TOO_OLD',
      `${tooOld}. Install a newer one, or give this project its own`,
      `npm install node@${wanted}`,
    );
}

/** The same command line on the Node of this clone or project; signals and the exit code pass through. */
function relaunch(node) {
  const env = Object.assign({}, process.env, { UNTILDONE_RELAUNCHED: '1' });
  const child = spawn(node, [self].concat(words), { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => refuse('NODE_TOO_OLD', `${node} could not be run: ${error.message}`, 'npm install'));
  child.on('exit', (code, signal) => process.exit(code === null ? 128 + constants.signals[signal] : code));
}

/** One word for people on stderr; one document for programs on stdout. */
function refuse(code, message, fix_command) {
  process.stderr.write(`${message}:\n  ${fix_command}\n`);
  process.exitCode = 1;
  if (process.stdout.isTTY) return;
  const suggestion = 'Run the command in fix_command.';
  const error = { code, message: `${message}.`, retryable: false, phase: 'execution', suggestion, fix_command };
  const facts = { schema_version: '1.0', tool_version: 'unknown', request_id: 'req_none', command: '' };
  const meta = Object.assign({ duration_ms: 0, exit_code: 1 }, facts);
  process.stdout.write(`${JSON.stringify({ ok: false, data: null, error, warnings: [], meta })}\n`);
}
