import * as z from 'zod';
import { getJob } from '../flow/get-job.ts';
import { listEvents } from '../flow/list-events.ts';
import { eventPageSchema } from './answer-schemas.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import { briefJob } from './mcp-answers.ts';
import { answerJob, job_id, readArguments, reads, slim, type Tool } from './mcp-tool.ts';
import { heldSeconds } from './parameters.ts';
import { cursor, pageSize, waitSeconds } from './request-schemas.ts';

/** The tools that hold their answer back until there is news: `longest_seconds` at most, whatever they are asked for. */
export function waitingTools(longest_seconds: number): { job_wait: Tool; job_events: Tool } {
  const held_ms = (asked_seconds: number): number => Math.min(asked_seconds, longest_seconds) * 1000;
  const told =
    longest_seconds < heldSeconds.maximum
      ? `Seconds, ${heldSeconds.maximum} at most; this server holds no answer longer than ${longest_seconds} s.`
      : `Seconds, ${heldSeconds.maximum} at most.`;
  const waitInput = z.strictObject({ job_id, wait_seconds: waitSeconds.default(longest_seconds).describe(told) });
  const eventsInput = z.strictObject({
    cursor,
    limit: pageSize.default(20),
    wait_seconds: waitSeconds.default(0).describe(told),
  });
  return {
    job_wait: {
      title: 'Wait for a job',
      description:
        'Holds the answer until the job has ended or becomes blocked or failing, at most wait_seconds; then it says where it stands.',
      input: waitInput,
      output: descriptorSchema,
      annotations: reads,
      run: async ({ ports, settings }, owner, given) => {
        const { job_id, wait_seconds } = readArguments(waitInput, given);
        return answerJob(await getJob(ports, settings, { owner, job_id, wait_ms: held_ms(wait_seconds) }));
      },
    },
    job_events: {
      title: 'Read your inbox',
      description:
        'What happened to your jobs, oldest first, at least once and never skipping one; remember next_cursor.',
      input: eventsInput,
      output: eventPageSchema,
      annotations: reads,
      run: async ({ ports, settings }, owner, given) => {
        const { cursor = null, limit, wait_seconds } = readArguments(eventsInput, given);
        const { events, ...page } = await listEvents(ports, settings, {
          owner,
          cursor,
          limit,
          wait_ms: held_ms(wait_seconds),
        });
        return {
          structured: { events: events.map((event) => ({ ...event, data: slim(event.data) })), ...page },
          brief: {
            events: events.map(({ event_id, type, data }) => ({ event_id, type, job: briefJob(data) })),
            ...page,
          },
          sentence: page.has_more
            ? 'There are more: go on from next_cursor.'
            : 'These are all so far; go on from next_cursor later.',
        };
      },
    },
  };
}
