import type { Command as Commander } from 'commander';
import type { CliOptions, Format, Wishes } from '../context.ts';
import { commonFlags, outputWithoutRows } from '../flags.ts';
import { formatOf } from '../output-format.ts';

/** What a command was called with, of the options it got from us. */
export type OwnOptions = { format: Format; wishes(): Wishes };

/** Gives a command our options. One that its author has already stays what it is; an `--output` is still read for our words. */
export function addOwnOptions(
  command: Commander,
  around: Pick<CliOptions, 'argv' | 'env' | 'terminal'>,
  { network }: { network: boolean },
): OwnOptions {
  const { full, debug } = commonFlags;
  const { schema, description } = outputWithoutRows;
  const added = [
    command.createOption('--output <format>', description).choices(schema.options),
    command.createOption('--full', full.description),
    ...(network ? [command.createOption('--debug', debug.description)] : []),
  ].filter(({ long }) => !command.options.some((option) => option.long === long));
  for (const option of added) command.addOption(option);
  const isOn = (name: string): boolean =>
    added.some((option) => option.attributeName() === name) && command.opts()[name] === true;
  const asked = formatOf(around);
  return {
    format: asked === 'tsv' ? formatOf({ ...around, argv: [] }) : asked,
    wishes: () => ({ full: isOn('full'), quiet: false, debug: isOn('debug') }),
  };
}
