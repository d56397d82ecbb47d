import { describe, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { problemSchema } from '../../lib/api/answer-schemas.ts';
import type { announcementStateSchema, descriptorSchema, jobEventSchema } from '../../lib/api/descriptor-schema.ts';
import type { ProblemDocument } from '../../lib/api/problem.ts';
import type { JobEvent } from '../../lib/core/announcement.ts';
import type { AnnouncementState, JobDescriptor } from '../../lib/core/descriptor.ts';

describe('a schema of an answer', () => {
  // Proven by the compiler (npm run types), not at run time.
  it('is the type that flow returns, key by key', () => {
    expectTypeOf<z.infer<typeof descriptorSchema>>().toEqualTypeOf<JobDescriptor>();
    expectTypeOf<z.infer<typeof announcementStateSchema>>().toEqualTypeOf<AnnouncementState>();
    expectTypeOf<z.infer<typeof jobEventSchema>>().toEqualTypeOf<JobEvent>();
    expectTypeOf<z.infer<typeof problemSchema>>().toEqualTypeOf<ProblemDocument>();
  });
});
