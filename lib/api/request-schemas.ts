import * as z from 'zod';
import {
  cancelSwitches,
  cursorDescription,
  cursorLengths,
  doctorSwitches,
  heldSeconds,
  pageSizes,
} from './parameters.ts';

/** A whole number between two others, both included. */
const whole = ({ minimum, maximum }: { minimum: number; maximum: number }) =>
  z
    .int({ error: `must be a whole number from ${minimum} to ${maximum}` })
    .min(minimum)
    .max(maximum);
export const pageSize = whole(pageSizes);
export const waitSeconds = whole(heldSeconds);
export const cursor = z
  .string()
  .min(cursorLengths.minLength)
  .max(cursorLengths.maxLength)
  .optional()
  .describe(cursorDescription);

const onOff = (one: { default: boolean; description: string }) =>
  z.boolean().default(one.default).describe(one.description);

/** `POST /v1/jobs/{job_id}/cancel`; no body is the default. */
export const cancelRequestSchema = z
  .strictObject({ remote: onOff(cancelSwitches.remote) })
  .meta({ id: 'CancelRequest' });

/** `POST /v1/doctor`; no body is the default. */
export const doctorRequestSchema = z
  .strictObject({ send_test: onOff(doctorSwitches.send_test) })
  .meta({ id: 'DoctorRequest' });
