import { type Problem, RequestError } from '../core/errors.ts';
import { oncePer } from '../core/once-per.ts';
import { type ApiRequest, headerOf } from './api-request.ts';
import { decodePart } from './decode.ts';
import type { Parameter, ParameterSchema, Parameters } from './parameters.ts';

/*
 * Read by hand: zod would do it in a tenth of the lines, and is half a megabyte that a function would load to look at two
 * numbers (docs/adr/0009-the-cold-path-of-functions.md). The words are zod's where bodies say the same.
 */

type ValueOf<Schema extends ParameterSchema> = Schema extends { default: number }
  ? number
  : (Schema extends { enum: readonly (infer Word)[] } ? Word : string) | undefined;

/** The values of parameters, read: numbers by their default where they were not given. */
export type Values<Given extends Parameters> = { [Name in keyof Given]: ValueOf<Given[Name]['schema']> };

/** Reads the query. Throws RequestError INVALID_REQUEST with every problem at once, unknown parameters last. */
export function readQuery<Given extends Parameters>({ query }: ApiRequest, parameters: Given): Values<Given> {
  const given = query === '' ? nothing : splitQuery(query);
  const { values, problems } = readEach(parameters, (name) => given.get(name));
  const known = Object.keys(parameters);
  for (const name of given.keys())
    if (!known.includes(name))
      problems.push({ path: name, message: `is not a query parameter here; known: ${known.join(', ') || 'none'}` });
  if (problems.length > 0) throw refusal('the query has', problems);
  return values;
}

/** Reads these headers; others are nobody's business. Throws RequestError INVALID_REQUEST. */
export function readHeaders<Given extends Parameters>(request: ApiRequest, parameters: Given): Values<Given> {
  const { values, problems } = readEach(parameters, (name) => {
    const value = headerOf(request, name.toLowerCase());
    return value === undefined ? undefined : [value];
  });
  if (problems.length > 0) throw refusal('the headers have', problems);
  return values;
}

const nothing: ReadonlyMap<string, string[]> = new Map();

/** The values given for each name, in order; what has no name is nobody's. (`URLSearchParams` would put a sign in the place of an escape that is malformed; here it stays as it came, as in a path.) */
function splitQuery(query: string): ReadonlyMap<string, string[]> {
  const given = new Map<string, string[]>();
  for (const pair of query.replaceAll('+', ' ').split('&')) {
    const equals = pair.indexOf('=');
    const name = decodePart(equals === -1 ? pair : pair.slice(0, equals));
    const value = equals === -1 ? '' : decodePart(pair.slice(equals + 1));
    const before = given.get(name);
    if (before !== undefined) before.push(value);
    else if (name !== '') given.set(name, [value]);
  }
  return given;
}

const refusal = (where: string, problems: Problem[]): RequestError =>
  new RequestError('INVALID_REQUEST', `${where} ${problems.length} problem(s)`, { problems });

function readEach<Given extends Parameters>(
  parameters: Given,
  givenFor: (name: string) => readonly string[] | undefined,
): { values: Values<Given>; problems: Problem[] } {
  const problems: Problem[] = [];
  const values: Record<string, string | number | undefined> = {};
  for (const name in parameters) {
    const parameter = parameters[name];
    if (parameter === undefined) continue;
    const given = givenFor(name);
    const message = given === undefined ? undefined : problemOf(parameter, given);
    if (message !== undefined) problems.push({ path: name, message });
    else values[name] = readValue(parameter.schema, given?.[0]);
  }
  return { values: values as Values<Given>, problems }; // one value for each name, by its schema
}

const readValue = (schema: ParameterSchema, text: string | undefined): string | number | undefined =>
  schema.type === 'integer' ? (text === undefined ? schema.default : Number(text)) : text;

/** What is wrong with the values that were given for one name; a name may be given once. */
function problemOf({ schema, refusal }: Parameter, [text = '', ...more]: readonly string[]): string | undefined {
  if (refusal !== undefined) return fits(schema, text) ? undefined : refusal;
  if (schema.type === 'integer')
    return more.length === 0 && fits(schema, text)
      ? undefined
      : `must be a whole number from ${schema.minimum} to ${schema.maximum}`;
  if ('enum' in schema && (more.length > 0 || !fits(schema, text)))
    return `Invalid option: expected one of ${schema.enum.map((word) => `"${word}"`).join('|')}`;
  if (more.length > 0) return 'Invalid input: expected string, received array';
  if (fits(schema, text)) return undefined;
  return 'minLength' in schema && text.length < schema.minLength
    ? `Too small: expected string to have >=${schema.minLength} characters`
    : `Too big: expected string to have <=${'maxLength' in schema ? schema.maxLength : 0} characters`;
}

const patternOf = oncePer(({ pattern }: { pattern: string }) => new RegExp(pattern));

function fits(schema: ParameterSchema, text: string): boolean {
  // Digits only, so that neither `1e1` nor an empty value passes for a number.
  if (schema.type === 'integer')
    return /^\d{1,9}$/.test(text) && Number(text) >= schema.minimum && Number(text) <= schema.maximum;
  if ('enum' in schema) return schema.enum.includes(text);
  if ('pattern' in schema) return patternOf(schema).test(text);
  return text.length >= schema.minLength && text.length <= schema.maxLength;
}
