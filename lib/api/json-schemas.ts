import * as z from 'zod';
import { startRequestSchema } from '../core/start-request.ts';
import {
  doctorReportSchema,
  eventPageSchema,
  healthSchema,
  jobPageSchema,
  kindListSchema,
  openApiDocumentSchema,
  problemSchema,
} from './answer-schemas.ts';
import { descriptorSchema } from './descriptor-schema.ts';
import { cancelRequestSchema, doctorRequestSchema } from './request-schemas.ts';

const requests = {
  StartRequest: startRequestSchema,
  CancelRequest: cancelRequestSchema,
  DoctorRequest: doctorRequestSchema,
};
const answers = {
  JobDescriptor: descriptorSchema,
  JobPage: jobPageSchema,
  EventPage: eventPageSchema,
  KindList: kindListSchema,
  Health: healthSchema,
  DoctorReport: doctorReportSchema,
  Problem: problemSchema,
  OpenApiDocument: openApiDocumentSchema,
};
/** Every body that is documented, by the name it has in the document. */
export type SchemaName = keyof typeof requests | keyof typeof answers;

type JsonSchema = Record<string, unknown>;

/**
 * JSON Schema 2020-12 (which OpenAPI 3.1 speaks) of every body, flat, with references between them.
 * Made by zod itself: the OpenAPI library's own generator runs out of stack on `z.json()`.
 */
export function jsonSchemas(): Record<string, JsonSchema> {
  const flat: Record<string, JsonSchema> = {};
  const add = (name: string, schema: z.ZodType, io: 'input' | 'output'): void => {
    const {
      $defs = {},
      $schema: _version,
      $ref: _self,
      ...body
    } = z.toJSONSchema(schema, { target: 'draft-2020-12', io, override: plainly });
    const all: JsonSchema = { ...$defs, ...(Object.hasOwn($defs, name) ? {} : { [name]: body }) };
    for (const [key, value] of Object.entries(all)) flat[publicName(key)] = publicReferences(value);
  };
  for (const [name, schema] of Object.entries(requests)) add(name, schema, 'input');
  for (const [name, schema] of Object.entries(answers)) add(name, schema, 'output');
  return flat;
}

/** Leaves out what only repeats: the calendar as a pattern beside `date-time`, the bounds of safe integers. */
function plainly({ jsonSchema }: { jsonSchema: JsonSchema }): void {
  if (jsonSchema['format'] === 'date-time') delete jsonSchema['pattern'];
  if (jsonSchema['maximum'] === Number.MAX_SAFE_INTEGER) delete jsonSchema['maximum'];
  if (jsonSchema['minimum'] === Number.MIN_SAFE_INTEGER) delete jsonSchema['minimum'];
}

/** zod numbers what recurs without a name; the only such schema is "any JSON value". */
const publicName = (key: string): string => key.replace(/^__schema\d+$/, 'JsonValue');

/** A copy whose references point into the document. */
function publicReferences(value: unknown): JsonSchema {
  return JSON.parse(
    JSON.stringify(value, (key, item: unknown) =>
      key === '$ref' && typeof item === 'string'
        ? `#/components/schemas/${publicName(item.replace('#/$defs/', ''))}`
        : item,
    ),
  );
}
