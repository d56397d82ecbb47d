import type { Command as Commander, CommanderError } from 'commander';
import { exitCode } from '../exit-codes.ts';
import { failure, type Outcome } from '../outcome.ts';
import { pathOf } from './contract-of.ts';

/** What commander refuses, or what the author's own `command.error(…)` says, as an outcome. */
export function refusalOf(
  { code, message, exitCode: exit }: CommanderError,
  command: Commander,
  cli_command: string,
): Outcome {
  const said = message.replace(/^error: /, '').replace(/\s+/g, ' ');
  const sentence = `${said.charAt(0).toUpperCase()}${said.slice(1).replace(/\.$/, '')}.`;
  const path = pathOf(command).join(' ');
  const fix_command = `${cli_command} ${path} --help`;
  const suggestion = `See ${fix_command}`;
  if (code === 'commander.error') {
    const error = { code: 'GENERAL_ERROR', message: sentence, retryable: false, phase: 'execution' as const };
    return failure(exit, { ...error, suggestion, fix_command });
  }
  const [, word = path] = /'([^']*)'/.exec(said) ?? [];
  return failure(exitCode.bad_arguments, {
    code: code === 'commander.unknownOption' ? 'UNKNOWN_OPTION' : 'INVALID_ARGUMENTS',
    message: sentence,
    problems: [{ path: word, message: said }],
    retryable: false,
    phase: 'validation',
    fix_required: 'Correct this argument.',
    suggestion,
    fix_command,
  });
}
