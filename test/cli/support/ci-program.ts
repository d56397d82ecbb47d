#!/usr/bin/env node
import { Command } from 'commander';
import { asyncCommand, jobDescriptor, untildoneJobs } from '../../../lib/exports/commander.ts';

// A program of somebody else's, whose builds untildone watches: `ci build ID`.
const program = new Command('ci').version('1.0.0');
asyncCommand(program.command('build <id>').description('Have a build watched'), untildoneJobs(), {
  descriptor: jobDescriptor,
  action: (id: string) => ({
    request: {
      kind: 'http',
      connection: 'ci',
      expected_seconds: 10,
      handle: { status: { url: `/builds/${id}` } },
      acceptors: [{ state: 'success', matcher: { path: 'state', expected: 'FINISHED', comparator: 'stringEquals' } }],
    },
    idempotency_key: `build-${id}`,
  }),
});
await program.parseAsync();
