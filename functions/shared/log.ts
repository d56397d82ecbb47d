/** What goes with a line. No bodies, no secrets; every line about a job carries its id. */
export type Details = { job_id: string | null } & Record<string, unknown>;

/** Where a function's lines go. `debug` is off unless the deployment asks for it. */
export type Log = Record<'debug' | 'info' | 'error', (message: string, details: Details) => void>;
