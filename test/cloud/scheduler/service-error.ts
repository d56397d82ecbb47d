/** Types and statuses of the Scheduler API model. */
const statuses = {
  ValidationException: 400,
  AccessDeniedException: 403,
  ServiceQuotaExceededException: 402,
  ResourceNotFoundException: 404,
  ConflictException: 409,
  ThrottlingException: 429,
  InternalServerException: 500,
} as const;

/** An error as the API answers it: a status, the header x-amzn-errortype, and `{"Message": …}`. */
export class ServiceError extends Error {
  readonly type: keyof typeof statuses;
  readonly status: number;

  constructor(type: keyof typeof statuses, message: string) {
    super(message);
    this.name = 'ServiceError';
    this.type = type;
    this.status = statuses[type];
  }
}

export const invalid = (message: string): ServiceError => new ServiceError('ValidationException', message);
