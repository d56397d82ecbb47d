import type { LoopbackRequest } from '../queues/loopback.ts';
import type { Schedule, ScheduleBook } from './schedule-book.ts';
import { invalid, ServiceError } from './service-error.ts';

/** One operation of the API, recognised: what policies call it, what it is about, and how to carry it out. */
export type Operation = {
  action: string;
  /** ARN without `arn:aws:scheduler:REGION:ACCOUNT:`, as policies scope it. */
  resource: string;
  /** `group/name`, for the rate of one schedule. */
  schedule: string | null;
  /** The role a create or update hands over. */
  passes_role: string | null;
  run: () => unknown;
};

const seconds = (ms: number): number => ms / 1000;

const fullyShown = ({ name, input, arn, made_ms, changed_ms }: Schedule): Record<string, unknown> => {
  const { ClientToken: _, ...shown } = input;
  return { ...shown, Name: name, Arn: arn, CreationDate: seconds(made_ms), LastModificationDate: seconds(changed_ms) };
};
const listed = ({ name, input, arn, made_ms, changed_ms }: Schedule): Record<string, unknown> => ({
  Arn: arn,
  Name: name,
  GroupName: input.GroupName,
  State: input.State,
  Target: { Arn: input.Target.Arn },
  CreationDate: seconds(made_ms),
  LastModificationDate: seconds(changed_ms),
});

/** Recognises a request by method and path (restJson1). Throws ServiceError. */
export function routeOf(book: ScheduleBook, request: LoopbackRequest): Operation {
  const { method, url } = request;
  const [collection, name, ...rest] = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const unknown = new ServiceError('ResourceNotFoundException', `${method} ${url.pathname} is not modelled here.`);
  if (rest.length > 0) throw unknown;
  if (collection === 'schedules' && name === undefined) return listSchedules(book, url.searchParams);
  if (collection === 'schedules' && name !== undefined) return scheduleRoute(book, request, name, unknown);
  if (collection === 'schedule-groups' && name !== undefined) return groupRoute(book, request, name, unknown);
  throw unknown;
}

function scheduleRoute(
  book: ScheduleBook,
  { method, url, body }: LoopbackRequest,
  name: string,
  unknown: Error,
): Operation {
  const writes = method === 'POST' || method === 'PUT';
  const sent = writes ? readJson(body) : {};
  // In the body of writes, in the query of the rest.
  const group = (writes ? textIn(sent, 'GroupName') : url.searchParams.get('groupName')) ?? 'default';
  const operation = (verb: string, run: () => unknown): Operation => ({
    action: `scheduler:${verb}Schedule`,
    resource: `schedule/${group}/${name}`,
    schedule: `${group}/${name}`,
    passes_role: writes ? textIn('Target' in sent ? sent.Target : {}, 'RoleArn') : null,
    run,
  });
  if (method === 'POST') return operation('Create', () => ({ ScheduleArn: book.create(name, sent).arn }));
  if (method === 'PUT') return operation('Update', () => ({ ScheduleArn: book.update(name, sent).arn }));
  if (method === 'GET') return operation('Get', () => fullyShown(book.scheduleOf(group, name)));
  if (method === 'DELETE')
    return operation('Delete', () => {
      book.delete(group, name, url.searchParams.get('clientToken'));
      return {};
    });
  throw unknown;
}

function groupRoute(book: ScheduleBook, { method }: LoopbackRequest, name: string, unknown: Error): Operation {
  const operation = (verb: string, run: () => unknown): Operation => ({
    action: `scheduler:${verb}ScheduleGroup`,
    resource: `schedule-group/${name}`,
    schedule: null,
    passes_role: null,
    run,
  });
  if (method === 'POST') return operation('Create', () => ({ ScheduleGroupArn: book.createGroup(name).arn }));
  if (method === 'GET')
    return operation('Get', () => {
      const { arn, made_ms } = book.groupOf(name);
      return {
        Arn: arn,
        Name: name,
        State: 'ACTIVE',
        CreationDate: seconds(made_ms),
        LastModificationDate: seconds(made_ms),
      };
    });
  if (method === 'DELETE')
    return operation('Delete', () => {
      book.deleteGroup(name);
      return {};
    });
  throw unknown;
}

function listSchedules(book: ScheduleBook, query: URLSearchParams): Operation {
  const run = (): unknown => {
    const most = Number(query.get('MaxResults') ?? 100);
    if (!Number.isInteger(most) || most < 1 || most > 100) throw invalid('MaxResults must be from 1 to 100.');
    const [group, prefix, state] = ['ScheduleGroup', 'NamePrefix', 'State'].map((name) => query.get(name));
    if (group !== null && group !== undefined) book.groupOf(group);
    const from = Number(query.get('NextToken') ?? 0);
    const found = book
      .all()
      .filter(({ input }) => (group === null || input.GroupName === group) && (state === null || input.State === state))
      .filter(({ name }) => name.startsWith(prefix ?? ''));
    const Schedules = found.slice(from, from + most).map(listed);
    return found.length > from + most ? { Schedules, NextToken: String(from + most) } : { Schedules };
  };
  // Authorised on everything only: the service reference gives it no resource type.
  return { action: 'scheduler:ListSchedules', resource: 'schedule/*/*', schedule: null, passes_role: null, run };
}

function readJson(body: string): object {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Refused below, like anything that is no object.
  }
  throw invalid('The request body is no JSON object.');
}

function textIn(value: unknown, key: string): string | null {
  if (typeof value !== 'object' || value === null) return null;
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' ? found : null;
}
