import { ApiError } from './api/client';

/**
 * An answer of the server with its three visible states. The last answer stays while it is
 * fetched again, and a late answer to an older question is dropped.
 */
export class Resource<T> {
  data = $state.raw<T | null>(null);
  error = $state.raw<ApiError | null>(null);
  loading = $state(true);
  #turn = 0;

  /** Lets the answer go, and one that is on its way: what was asked about is no longer shown. */
  forget(): void {
    this.#turn += 1;
    this.data = null;
    this.error = null;
    this.loading = true;
  }

  async load(ask: () => Promise<T>): Promise<void> {
    const turn = (this.#turn += 1);
    this.loading = true;
    try {
      const data = await ask();
      if (turn !== this.#turn) return;
      this.data = data;
      this.error = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.error = error instanceof ApiError ? error : new ApiError('network', 0, null, '');
    } finally {
      if (turn === this.#turn) this.loading = false;
    }
  }
}

/**
 * Calls at most once in `waitMs`, the last time at the end: bursts of events cost one request. Who has
 * just done it says when (`performance.now()`).
 */
export function throttled(
  run: () => void,
  waitMs: number,
  doneAt = -Infinity,
): { ask: () => void; stop: () => void } {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let last = doneAt;
  const fire = () => {
    timer = undefined;
    last = performance.now();
    run();
  };
  return {
    ask: () => {
      if (timer !== undefined) return;
      timer = setTimeout(fire, Math.max(0, last + waitMs - performance.now()));
    },
    stop: () => clearTimeout(timer),
  };
}
