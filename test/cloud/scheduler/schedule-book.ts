import { canonicalJson } from '../../../lib/core/canonical-json.ts';
import type { FiringLine } from './firing.ts';
import { invalid, ServiceError } from './service-error.ts';
import { type ReadSchedule, readName, readSchedule, readToken } from './shapes.ts';
import type { Time } from './time.ts';

/** A schedule as it is kept; the window is in the server's own time. */
export type Schedule = ReadSchedule & {
  arn: string;
  made_ms: number;
  changed_ms: number;
  window: { start_ms: number; end_ms: number | null };
};
type Group = { arn: string; made_ms: number; schedules: Map<string, Schedule> };

export type BookOptions = {
  time: Time;
  client_now: () => number;
  region: string;
  account: string;
  /** Schedules a region takes. */
  max_schedules: number;
  firing: FiringLine;
  /** Whether the service may act as a role for a group's schedules. */
  mayAssume: (role_arn: string, group_arn: string) => boolean;
};

/** What the service keeps: groups, schedules and client tokens. Throws ServiceError. */
export function createScheduleBook(options: BookOptions) {
  const { time, client_now, firing } = options;
  const arnOf = (rest: string): string => `arn:aws:scheduler:${options.region}:${options.account}:${rest}`;
  const groups = new Map<string, Group>();
  /** Body that came with a token, by schedule; forgotten with the schedule (AWS does not say how long it remembers). */
  const tokens = new Map<string, string>();
  const newGroup = (name: string): Group => ({
    arn: arnOf(`schedule-group/${name}`),
    made_ms: client_now(),
    schedules: new Map(),
  });
  groups.set('default', newGroup('default'));

  function groupOf(name: string): Group {
    const group = groups.get(name);
    if (group === undefined)
      throw new ServiceError('ResourceNotFoundException', `Schedule group ${name} does not exist.`);
    return group;
  }
  function scheduleOf(group: string, name: string): Schedule {
    const schedule = groupOf(readName(group, 'groupName')).schedules.get(readName(name));
    if (schedule === undefined) throw new ServiceError('ResourceNotFoundException', `Schedule ${name} does not exist.`);
    return schedule;
  }
  function keep(read: ReadSchedule, made_ms: number): Schedule {
    const { StartDate: start, EndDate: end, GroupName: group } = read.input;
    const here = (seconds: number): number => time.now() + (seconds * 1000 - client_now());
    const schedule: Schedule = {
      ...read,
      arn: arnOf(`schedule/${group}/${read.name}`),
      made_ms,
      changed_ms: client_now(),
      window: {
        start_ms: start === undefined ? time.now() : here(start),
        end_ms: end === undefined ? null : here(end),
      },
      expression:
        read.expression.type === 'at' ? { type: 'at', at_ms: here(read.expression.at_ms / 1000) } : read.expression,
    };
    const { schedules } = groupOf(group);
    schedules.set(read.name, schedule);
    firing.arm(schedule, () => {
      if (schedule.input.ActionAfterCompletion === 'DELETE' && schedules.get(read.name) === schedule) remove(schedule);
    });
    return schedule;
  }
  function remove(schedule: Schedule): void {
    const { name, input } = schedule;
    firing.disarm(schedule);
    groupOf(input.GroupName).schedules.delete(name);
    for (const key of tokens.keys()) if (key.startsWith(`${input.GroupName}/${name}/`)) tokens.delete(key);
  }
  /** True when this very request was carried out before. */
  function seenBefore({ name, input }: ReadSchedule, action: string): boolean {
    if (input.ClientToken === undefined) return false;
    const key = `${input.GroupName}/${name}/${action}/${input.ClientToken}`;
    const body = canonicalJson(input);
    const known = tokens.get(key);
    if (known !== undefined && known !== body)
      throw new ServiceError('ConflictException', `The client token ${input.ClientToken} came with another request.`);
    tokens.set(key, body);
    return known !== undefined;
  }
  function checkRole({ input }: ReadSchedule): void {
    if (!options.mayAssume(input.Target.RoleArn, groupOf(input.GroupName).arn))
      throw invalid('The execution role you provide must allow AWS EventBridge Scheduler to assume the role.');
  }

  return {
    groups,
    groupOf,
    scheduleOf,
    create: (name: string, body: unknown): Schedule => {
      const read = readSchedule(name, body, client_now());
      const { schedules } = groupOf(read.input.GroupName);
      checkRole(read);
      const known = schedules.get(name);
      if (known !== undefined) {
        if (seenBefore(read, 'create')) return known;
        throw new ServiceError('ConflictException', `Schedule ${name} already exists.`);
      }
      const count = [...groups.values()].reduce((sum, group) => sum + group.schedules.size, 0);
      if (count >= options.max_schedules)
        throw new ServiceError('ServiceQuotaExceededException', 'The number of schedules in this region is exceeded.');
      seenBefore(read, 'create');
      return keep(read, client_now());
    },
    /** Replaces everything: what is absent falls back to its default. */
    update: (name: string, body: unknown): Schedule => {
      const read = readSchedule(name, body, client_now());
      checkRole(read);
      const known = scheduleOf(read.input.GroupName, name);
      if (seenBefore(read, 'update')) return known;
      firing.disarm(known);
      return keep(read, known.made_ms);
    },
    delete: (group: string, name: string, token: string | null): void => {
      if (token !== null) readToken(token);
      remove(scheduleOf(group, name));
    },
    createGroup: (name: string): Group => {
      if (groups.has(readName(name)))
        throw new ServiceError('ConflictException', `Schedule group ${name} already exists.`);
      const group = newGroup(name);
      groups.set(name, group);
      return group;
    },
    deleteGroup: (name: string): void => {
      if (name === 'default') throw invalid('The default schedule group cannot be deleted.');
      for (const schedule of groupOf(readName(name)).schedules.values()) remove(schedule);
      groups.delete(name);
    },
    all: (): Schedule[] => [...groups.values()].flatMap(({ schedules }) => [...schedules.values()]),
  };
}
export type ScheduleBook = ReturnType<typeof createScheduleBook>;
