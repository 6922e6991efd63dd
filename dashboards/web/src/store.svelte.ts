// Live data shared by the screens: the map's columns, the totals, the open outages. Fetched once,
// then kept current by the event stream; after a reconnection everything is fetched again.

import { api, ApiError } from './api/client';
import { listen, type LiveStatus } from './api/live';
import type { Country, MapColumns, Outage, SampleEvent, SiteEvent, SiteState, Summary } from './api/types';
import { withOutage } from './outages';
import { app } from './state.svelte';

export interface Listener {
  site?(event: SiteEvent): void;
  outage?(event: Outage): void;
  sample?(event: SampleEvent): void;
  resumed?(): void;
}

class Store {
  status = $state<LiveStatus>('connecting');
  country = $state.raw<Country | null>(null);
  summary = $state.raw<Summary | null>(null);
  columns = $state.raw<MapColumns | null>(null);
  /** Grows with each change of a state inside `columns`, which are changed in place. */
  revision = $state(0);
  openOutages = $state.raw<Outage[] | null>(null);
  error = $state.raw<ApiError | null>(null);

  #index = new Map<string, number>();
  #listeners = new Set<Listener>();
  /** Events heard while the answers were on their way: they may be newer than the answers. */
  #early: (() => void)[] = [];
  #busy = false;
  #turn = 0;

  start(): () => void {
    void this.load();
    return listen(() => new EventSource('/api/v1/events'), {
      status: (status) => (this.status = status),
      resumed: () => {
        void this.load();
        this.#listeners.forEach((listener) => listener.resumed?.());
      },
      site: (event) => this.#site(event),
      outage: (event) => this.#outage(event),
      sample: (event) => this.#listeners.forEach((listener) => listener.sample?.(event)),
      summary: (event) => (this.summary = event),
    });
  }

  /** A screen hears the events from its mount until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(): Promise<void> {
    const turn = (this.#turn += 1);
    this.#early = [];
    this.#busy = true;
    try {
      const [country, summary, columns, outages] = await Promise.all([
        this.country ?? api.country(),
        api.summary(),
        api.map(),
        api.openOutages(),
      ]);
      if (turn !== this.#turn) return;
      this.#busy = false;
      this.country = country;
      app.timeZone = country.time_zone;
      this.summary = summary;
      this.#index = new Map(columns.id.map((id, row) => [id, row]));
      this.columns = columns;
      this.openOutages = outages.items;
      this.error = null;
      this.#early.splice(0).forEach((apply) => apply());
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#busy = false;
      this.error = error instanceof ApiError ? error : new ApiError('network', 0, null, '');
    }
  }

  name(site: string): string | null {
    const row = this.#index.get(site);
    return row === undefined ? null : (this.columns?.name[row] ?? null);
  }

  stateOf(site: string): SiteState {
    const row = this.#index.get(site);
    return row === undefined ? 'unknown' : (this.columns?.state[row] ?? 'unknown');
  }

  #site(event: SiteEvent): void {
    if (this.#busy) this.#early.push(() => this.#applySite(event));
    this.#applySite(event);
    this.#listeners.forEach((listener) => listener.site?.(event));
  }

  #applySite(event: SiteEvent): void {
    const row = this.#index.get(event.id);
    if (row === undefined || !this.columns || this.columns.state[row] === event.state) return;
    this.columns.state[row] = event.state;
    this.revision += 1;
  }

  #outage(event: Outage): void {
    if (this.#busy) this.#early.push(() => this.#applyOutage(event));
    this.#applyOutage(event);
    this.#listeners.forEach((listener) => listener.outage?.(event));
  }

  #applyOutage(event: Outage): void {
    if (this.openOutages) this.openOutages = withOutage(this.openOutages, event);
  }
}

export const store = new Store();
