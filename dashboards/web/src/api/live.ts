import type { Outage, OutageGone, SampleEvent, SiteEvent, Summary } from './types';

/** First wait after a closed stream; doubled at each failure up to the longest. */
const WAIT_FIRST_MS = 1_000;
const WAIT_LONGEST_MS = 30_000;

export type LiveStatus = 'connecting' | 'live' | 'reconnecting';

export interface LiveHandlers {
  status(status: LiveStatus): void;
  /** The stream came back: whatever changed in between was not heard, so fetch again. */
  resumed(): void;
  site(event: SiteEvent): void;
  outage(event: Outage): void;
  outageGone(event: OutageGone): void;
  sample(event: SampleEvent): void;
  summary(event: Summary): void;
}

/** The part of `EventSource` used here, so that a test drives one by hand. */
export interface EventStream {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onerror: ((event: Event) => void) | null;
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

const CLOSED = 2;

/**
 * Listens to the event stream until the returned function is called. The browser reconnects by
 * itself after a cut; after an HTTP error it gives up, and then this opens a new stream.
 */
export function listen(open: () => EventStream, handlers: LiveHandlers): () => void {
  let stream: EventStream | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let wait = WAIT_FIRST_MS;
  let interrupted = false;
  let stopped = false;

  const on = <T>(source: EventStream, name: string, handle: (event: T) => void) =>
    source.addEventListener(name, (event) => {
      let data: T;
      try {
        data = JSON.parse(event.data) as T;
      } catch {
        return; // One malformed event must not end the stream; the next summary heals it.
      }
      handle(data);
    });

  const start = () => {
    if (stopped) return;
    const source = open();
    stream = source;
    source.onopen = () => {
      wait = WAIT_FIRST_MS;
      handlers.status('live');
      if (interrupted) handlers.resumed();
      interrupted = false;
    };
    source.onerror = () => {
      interrupted = true;
      handlers.status('reconnecting');
      if (source.readyState === CLOSED) {
        source.close();
        timer = setTimeout(start, wait);
        wait = Math.min(wait * 2, WAIT_LONGEST_MS);
      }
    };
    on<SiteEvent>(source, 'site', handlers.site);
    on<Outage>(source, 'outage', handlers.outage);
    on<OutageGone>(source, 'outage_gone', handlers.outageGone);
    on<SampleEvent>(source, 'sample', handlers.sample);
    on<Summary>(source, 'summary', handlers.summary);
    // The collector dropped events for this page, or so much changed that reading anew is less.
    on(source, 'resync', handlers.resumed);
  };

  handlers.status('connecting');
  start();
  return () => {
    stopped = true;
    clearTimeout(timer);
    stream?.close();
  };
}
