import { describeApi } from '../../lib/api/describe-api.ts';
import { world } from '../support/world.ts';

/*
 * docs/http.md from the API's own OpenAPI document. `npm run docs:http` writes it; a test fails when it is stale.
 */

type Schema = { [key: string]: unknown; $ref?: string; properties?: Record<string, Schema>; required?: string[] };
type Parameter = { name: string; in: string; required: boolean; schema: Schema; description?: string };
type Response = { description: string; headers: Record<string, unknown>; content?: Record<string, { schema: Schema }> };
type Operation = {
  summary: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, Response>;
};
type Document = {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};

const head = `# HTTP API

Generated from \`GET /v1/openapi.json\` by \`npm run docs:http\`: do not edit it.

JSON in, JSON out, under \`/v1\`; unknown keys and query parameters are errors. Errors are \`application/problem+json\` ([Problem](#problem)), and 400, 401, 403
and 500 may come from every route. Every answer has \`X-Request-Id\`. The embedded engine takes \`Authorization: Bearer\` with its
\`UNTILDONE_TOKEN\`, or nothing on loopback without one; on AWS requests are signed (Signature Version 4), or carry the token of the deployment's
authorizer: [aws.md](aws.md). A job belongs to who handed it over: to anybody else it is not found. \`POST /mcp\`: [mcp.md](mcp.md).

**Waiting.** \`?wait_seconds=0..25\` holds an answer until something changes. A loop sends the \`ETag\` it was given as \`If-None-Match\` and reads a body only
when there is news; a job that is blocked or failing already does not end the wait, only becoming so does.

**The inbox.** \`GET /v1/events\` is durable, per owner, in append order, at least once: keep \`next_cursor\`, and tell repeats by \`event_id\`. An event is served
once everything before it is settled, so that a cursor never skips one, also under concurrent writers. Events are kept for
\`retention_days\` (30).
`;

const everywhere = new Set(['400', '401', '403', '500']);
const nameOf = (ref: string): string => ref.replace('#/components/schemas/', '');
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const linkTo = (name: string): string => `[${name}](#${name.toLowerCase()})`;

/** A schema in a few words. */
function wordsOf(schema: Schema): string {
  if (schema.$ref !== undefined) return linkTo(nameOf(schema.$ref));
  if (Array.isArray(schema['enum'])) return schema['enum'].map((value) => `\`${value}\``).join(' ');
  if ('const' in schema) return `\`${JSON.stringify(schema['const'])}\``;
  const branches = [schema['anyOf'], schema['oneOf']].find(Array.isArray);
  if (branches !== undefined) return branches.map((branch: Schema) => wordsOf(branch)).join(' or ');
  if (schema['type'] === 'array') return `list of ${wordsOf((schema['items'] ?? {}) as Schema)}`;
  if (schema.properties !== undefined) return `{ ${Object.keys(schema.properties).join(', ')} }`;
  const limits = [
    ['minimum', '≥'],
    ['maximum', '≤'],
    ['minLength', 'length ≥'],
    ['maxLength', 'length ≤'],
    ['default', 'default'],
  ].flatMap(([key = '', word = '']) => (schema[key] === undefined ? [] : `${word} ${JSON.stringify(schema[key])}`));
  const type = typeof schema['type'] === 'string' ? schema['type'] : 'any JSON value';
  const format = typeof schema['format'] === 'string' ? ` (${schema['format']})` : '';
  return `${type}${format}${limits.length === 0 ? '' : `, ${limits.join(', ')}`}`;
}

const describedAs = (one: object): string =>
  'description' in one && typeof one.description === 'string' ? one.description : '';

function operationIn(
  method: string,
  path: string,
  { summary, description, parameters = [], requestBody, responses }: Operation,
): string {
  const parts = [
    `### ${method.toUpperCase()} ${path}`,
    `${summary}.${description === undefined ? '' : ` ${description}`}`,
  ];
  if (parameters.length > 0)
    parts.push(
      ['| parameter | in | what | meaning |', '| --- | --- | --- | --- |']
        .concat(
          parameters.map(
            (one) =>
              `| \`${one.name}\`${one.required ? ' (required)' : ''} | ${one.in} | ${cell(wordsOf(one.schema))} | ${cell(describedAs(one))} |`,
          ),
        )
        .join('\n'),
    );
  const body = requestBody?.content['application/json'];
  if (body !== undefined) parts.push(`Body: ${wordsOf(body.schema)}${requestBody?.required ? '' : ', or none'}.`);
  const rows = Object.entries(responses).flatMap(([status, { description, headers, content }]) => {
    if (everywhere.has(status) && !description.includes('. `')) return [];
    const [shape] = Object.values(content ?? {});
    const sent = Object.keys(headers).filter((name) => name !== 'X-Request-Id');
    return `| ${status} | ${shape === undefined ? '–' : wordsOf(shape.schema)} | ${cell(description)} | ${sent.map((name) => `\`${name}\``).join(' ')} |`;
  });
  parts.push(['| status | body | meaning | headers |', '| --- | --- | --- | --- |', ...rows].join('\n'));
  return parts.join('\n\n');
}

function schemaIn(name: string, schema: Schema): string {
  const fields = Object.entries(schema.properties ?? {}).map(([field, one]) => {
    const required = schema.required?.includes(field) ? '' : ' (optional)';
    return `| \`${field}\`${required} | ${cell(wordsOf(one))} | ${cell(describedAs(one))} |`;
  });
  const what =
    fields.length === 0
      ? `${wordsOf(schema)}.`
      : ['| field | what | meaning |', '| --- | --- | --- |', ...fields].join('\n');
  return [`### ${name}`, describedAs(schema), what].filter((part) => part !== '').join('\n\n');
}

/** The page as it should be. */
export function httpPage(): string {
  const { ports, settings } = world();
  // Our own document, whose form test/api/open-api.test.ts holds.
  const document = describeApi({
    ports,
    settings,
    engine: 'embedded',
    version: '0',
    ownerOf: () => 'me',
    doctor: () => Promise.resolve([]),
  }) as Document;
  const routes = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => operationIn(method, path, one)),
  );
  const schemas = Object.entries(document.components.schemas).map(([name, one]) => schemaIn(name, one));
  return `${[head.trimEnd(), '## Routes', ...routes, '## Bodies', ...schemas].join('\n\n')}\n`;
}
