import { z } from 'zod';
import { type Expression, readExpression } from './expression.ts';
import { invalid } from './service-error.ts';

const nameSchema = z
  .string()
  .regex(/^[0-9a-zA-Z\-_.]{1,64}$/, 'Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]{1,64}');
// No dot, unlike a name.
const tokenSchema = z
  .string()
  .regex(/^[a-zA-Z0-9\-_]{1,64}$/, 'Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}');
const queueArnSchema = z
  .string()
  .regex(/^arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9_-]{1,80}$/, 'Provided Arn is not in correct format.');
const lambdaArnSchema = z.string().regex(/^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9_-]{1,64}$/);
const epochSeconds = z.number();

const targetSchema = z.strictObject({
  // Only queues and functions, which is all that fires here; AWS knows many more.
  Arn: z.union([queueArnSchema, lambdaArnSchema], 'Provided Arn is not in correct format.'),
  RoleArn: z
    .string()
    .max(1600)
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, 'Provided role Arn is not in correct format.'),
  Input: z
    .string()
    .min(1)
    .refine((text) => Buffer.byteLength(text) <= 262_144, 'Input must be at most 256 KB')
    .optional(),
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: z.int().min(60).max(86_400).default(86_400),
      MaximumRetryAttempts: z.int().min(0).max(185).default(185),
    })
    .prefault({}),
  DeadLetterConfig: z.strictObject({ Arn: queueArnSchema.optional() }).optional(),
  SqsParameters: z.strictObject({ MessageGroupId: z.string().min(1).max(128).optional() }).optional(),
});

const scheduleSchema = z.strictObject({
  GroupName: nameSchema.default('default'),
  ClientToken: tokenSchema.optional(),
  Description: z.string().max(512).optional(),
  ScheduleExpression: z.string().min(1).max(256),
  ScheduleExpressionTimezone: z.string().min(1).max(50).optional(),
  StartDate: epochSeconds.optional(),
  EndDate: epochSeconds.optional(),
  FlexibleTimeWindow: z.discriminatedUnion('Mode', [
    z.strictObject({ Mode: z.literal('OFF') }),
    z.strictObject({ Mode: z.literal('FLEXIBLE'), MaximumWindowInMinutes: z.int().min(1).max(1440) }),
  ]),
  State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
  ActionAfterCompletion: z.enum(['NONE', 'DELETE']).default('NONE'),
  KmsKeyArn: z.string().max(2048).optional(),
  Target: targetSchema,
});

/** A create or update request as it was accepted. */
export type ScheduleInput = z.output<typeof scheduleSchema>;
export type ReadSchedule = { name: string; input: ScheduleInput; expression: Expression };

/** `Target.RoleArn` → `target.roleArn`, as the service names members. */
const memberOf = (path: PropertyKey[]): string =>
  path.map((part) => String(part).replace(/^[A-Z]/, (first) => first.toLowerCase())).join('.');

function read<T>(schema: z.ZodType<T>, value: unknown, under: string[] = []): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const found = parsed.error.issues.map(
    ({ path, message }) => `Value at '${memberOf([...under, ...path])}' failed to satisfy constraint: ${message}`,
  );
  throw invalid(`${found.length} validation error${found.length > 1 ? 's' : ''} detected: ${found.join('; ')}`);
}

export const readName = (name: string, member = 'name'): string => read(nameSchema, name, [member]);
export const readToken = (token: string): string => read(tokenSchema, token, ['clientToken']);

/** Reads the body of CreateSchedule and UpdateSchedule, at `now_ms`. Throws ServiceError. */
export function readSchedule(name: string, body: unknown, now_ms: number): ReadSchedule {
  readName(name);
  const input = read(scheduleSchema, body);
  const expression = readExpression(input.ScheduleExpression, input.ScheduleExpressionTimezone);
  const { StartDate: start, EndDate: end } = input;
  if (expression.type === 'rate') {
    if (start !== undefined && start * 1000 < now_ms - 300_000)
      throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.');
    if (end !== undefined && end * 1000 < now_ms) throw invalid('The EndDate you specify cannot be earlier than now.');
    if (end !== undefined && start !== undefined && end <= start)
      throw invalid('The EndDate you specify must come after the StartDate.');
  }
  if (input.FlexibleTimeWindow.Mode === 'FLEXIBLE') throw invalid('A flexible time window is not modelled here.');
  return { name, input, expression };
}
