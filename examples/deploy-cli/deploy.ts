#!/usr/bin/env node
import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import * as z from 'zod';
// In a program of your own: from 'untildone/commander'.
import { asyncCommand, jobDescriptor, ownJobs, startRejected } from '../../lib/exports/commander.ts';
import { begin, deployments } from './deployments.ts';
import { openRecords } from './record.ts';

type Options = { server: string; probes: number; probeIntervalMs: number; pollIntervalMs: number };

const wholeNumber = (text: string): number => {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('A whole number up to 999999 was expected.');
  return Number(text);
};

const records = openRecords(process.env['DEPLOY_STATE_DIR'] ?? join(homedir(), '.local', 'state', 'deploy-cli'));
const program = new Command('deploy').description('Releases folders to a static server').version('1.0.0');

asyncCommand(
  program
    .command('release <directory>')
    .description('Build a folder, upload it, switch to it, and switch back if it is sick')
    .option('--server <url>', 'Where the static server is', 'http://127.0.0.1:4710')
    .option('--probes <number>', 'Good answers in a row that make it healthy', wholeNumber, 10)
    .option('--probe-interval-ms <ms>', 'Time between two of them', wholeNumber, 1000)
    .option('--poll-interval-ms <ms>', 'How often to ask how it stands', wholeNumber, 2000),
  ownJobs(deployments(records)),
  {
    descriptor: jobDescriptor.extend({
      result: z
        .object({ url: z.url(), release: z.string(), previous: z.string().nullable(), files: z.number() })
        .optional(),
    }),
    action: (directory: string, { server, probes, probeIntervalMs, pollIntervalMs }: Options) => {
      if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
        return startRejected({ code: 'NO_SUCH_FOLDER', message: `${directory} is no folder that can be read.` });
      const order = { directory: resolve(directory), server: server.replace(/\/+$/, ''), probes };
      return begin(records, { ...order, probe_interval_ms: probeIntervalMs }, pollIntervalMs);
    },
  },
);

await program.parseAsync();
