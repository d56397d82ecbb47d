/*
 * Every price, in one place: us-east-1, on demand, first tier, without the free tiers, in $ per million unless it says
 * otherwise. AWS renders its price pages by script; these were read in 2025 and 2026 from its price list and from pages that
 * quote it. Look them up before you decide by them.
 */
export const prices = {
  scheduler_invocation: 1.0,
  sqs_request: 0.4,
  lambda_request: 0.2,
  /** arm64, $ per GB-second. */
  lambda_gb_second: 0.000_013_333_4,
  dynamodb_write_unit: 0.625,
  dynamodb_read_unit: 0.125,
  sns_publish: 0.5,
  sns_https_delivery: 0.6,
  sns_email: 20,
  http_api_request: 1.0,
  /** $ per GB. */
  log_gb: 0.5,
  step_functions_transition: 25,
  durable_operation: 8,
} as const;

/** What cannot be counted on loopback: how long a function of 256 MB runs, and how much it logs. */
export const assumed = {
  memory_gb: 0.25,
  start_seconds: 0.15,
  check_seconds: 0.3,
  /** Ten checks side by side. */
  batch_seconds: 0.4,
  /** A tick that finds nothing to do. */
  idle_seconds: 0.05,
  log_kb: 1,
} as const;
