import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { listen, type EventStream, type LiveHandlers } from './live';
import type { Outage } from './types';
import { mergeOutage, withOutage, withoutOutage } from '../outages';

class FakeStream implements EventStream {
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  listeners = new Map<string, (event: MessageEvent<string>) => void>();
  closed = false;
  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(name, listener);
  }
  close(): void {
    this.closed = true;
    this.readyState = 2;
  }
  say(name: string, data: string): void {
    this.listeners.get(name)?.({ data } as MessageEvent<string>);
  }
}

function setUp() {
  const streams: FakeStream[] = [];
  const handlers = {
    status: vi.fn(),
    resumed: vi.fn(),
    site: vi.fn(),
    outage: vi.fn(),
    outageGone: vi.fn(),
    sample: vi.fn(),
    summary: vi.fn(),
  } satisfies LiveHandlers;
  const stop = listen(() => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream;
  }, handlers);
  const last = () => {
    const stream = streams.at(-1);
    if (!stream) throw new Error('no stream was opened');
    return stream;
  };
  return { streams, handlers, stop, last };
}

const event = {} as Event;

describe('listen', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('hands on events and survives a malformed one', () => {
    const { handlers, last } = setUp();
    last().onopen?.(event);
    last().say('site', '{"id":');
    last().say('site', '{"id":"S-1","state":"down","since":null,"cause":null}');
    expect(handlers.site).toHaveBeenCalledTimes(1);
    expect(handlers.status).toHaveBeenLastCalledWith('live');
  });
  it('hands on that an outage is none any more, and reads nothing anew', () => {
    const { handlers, last } = setUp();
    last().onopen?.(event);
    last().say('outage_gone', '{"id":"7","site":"S-1"}');
    expect(handlers.outageGone).toHaveBeenCalledWith({ id: '7', site: 'S-1' });
    expect(handlers.resumed).not.toHaveBeenCalled();
  });
  it('fetches again after a cut that the browser healed, not at the first opening', () => {
    const { handlers, last, streams } = setUp();
    last().onopen?.(event);
    expect(handlers.resumed).not.toHaveBeenCalled();
    last().onerror?.(event);
    expect(handlers.status).toHaveBeenLastCalledWith('reconnecting');
    last().onopen?.(event);
    expect(handlers.resumed).toHaveBeenCalledTimes(1);
    expect(streams).toHaveLength(1);
  });
  it('opens a new stream when the browser gave up, waiting longer each time', () => {
    const { last, streams } = setUp();
    const giveUp = () => {
      last().readyState = 2;
      last().onerror?.(event);
    };
    giveUp();
    vi.advanceTimersByTime(999);
    expect(streams).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(streams).toHaveLength(2);
    giveUp();
    vi.advanceTimersByTime(1_000);
    expect(streams).toHaveLength(2);
    vi.advanceTimersByTime(1_000);
    expect(streams).toHaveLength(3);
  });
  it('stops for good', () => {
    const { last, streams, stop } = setUp();
    last().readyState = 2;
    last().onerror?.(event);
    stop();
    vi.advanceTimersByTime(60_000);
    expect(streams).toHaveLength(1);
    expect(last().closed).toBe(true);
  });
});

describe('outages after an event', () => {
  const outage = (id: string, start: string, end: string | null): Outage => ({
    id,
    site: 'S-1',
    site_name: null,
    site_kind: 'other',
    region: null,
    operator: null,
    sensitive: false,
    unheard: false,
    start,
    end,
    slot_seconds: 60,
    down_slots: 1,
    cause: 'undetermined',
    locus: 'unknown',
    facts: [],
    agent: null,
    simulated: false,
  });
  const first = outage('1', '2026-11-01T00:00:00Z', null);
  const second = outage('2', '2026-11-02T00:00:00Z', null);

  it('open: the newest first, one that closed leaves', () => {
    expect(withOutage([first], second).map((item) => item.id)).toEqual(['2', '1']);
    expect(withOutage([second, first], { ...second, end: second.start })).toEqual([first]);
  });
  it('one that is none any more leaves', () => {
    expect(withoutOutage([second, first], { id: '2', site: 'S-1' })).toEqual([first]);
  });
  it('listed: a changed one takes its place, one that no longer fits leaves', () => {
    const power = { ...first, cause: 'power' as const };
    expect(mergeOutage([second, first], power, () => true)).toEqual([second, power]);
    expect(mergeOutage([second, first], power, (item) => item.cause !== 'power')).toEqual([second]);
  });
});
