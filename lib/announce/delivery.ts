/** What one attempt to tell one target came to. `gone`: the target wants no more of this, ever. `error` is `http_500`, `smtp_451` or a fault's name, never words of the other side. */
export type Delivery =
  | { outcome: 'delivered' }
  | { outcome: 'failed'; gone: boolean; error: string; retry_after_seconds: number | null };

export const delivered: Delivery = { outcome: 'delivered' };

/** A failure that is worth another attempt. */
export const failed = (error: string, retry_after_seconds: number | null = null): Delivery => ({
  outcome: 'failed',
  gone: false,
  error,
  retry_after_seconds,
});

/** A failure that ends this announcement for this target. */
export const gone = (error: string): Delivery => ({ outcome: 'failed', gone: true, error, retry_after_seconds: null });

/** The whole of one attempt, whatever the target. */
export const attempt_ms = 15_000;
