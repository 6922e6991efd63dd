// Live data shared by the screens. The overview is fetched at the start; the map's sites and the
// list of open outages when a screen first wants them. The event stream keeps all of it current;
// after a reconnection everything that is shown is fetched again.

import { api, ApiError } from './api/client';
import { listen, type LiveStatus } from './api/live';
import {
  SITE_STATES,
  type Country,
  type CountryOutline,
  type Outage,
  type OutageGone,
  type Overview,
  type SampleEvent,
  type SiteEvent,
  type SiteState,
  type Summary,
} from './api/types';
import type { SiteColumns } from './map/columns';
import { withOutage, withoutOutage } from './outages';
import { throttled } from './resource.svelte';
import { app } from './state.svelte';

/** Open outages kept for the list beside the map; the outage screen has them all. */
export const OPEN_OUTAGES_MAX = 60;
/** Sites named in one request; the collector takes twice as many. */
const NAMES_AT_ONCE = 100;
/** Wait in which questions for names are gathered into one request. */
const GATHER_MS = 30;
/** Least time between two redraws of the map caused by events. */
const REDRAW_MS = 250;
/** Least time between two fetches of the overview: on a metered link each costs some kilobytes. */
const OVERVIEW_MS = 10_000;
/** Its availability moves without an event. */
const OVERVIEW_LONGEST_MS = 60_000;

export interface Listener {
  site?(event: SiteEvent): void;
  outage?(event: Outage): void;
  outageGone?(event: OutageGone): void;
  sample?(event: SampleEvent): void;
  resumed?(): void;
}

const failure = (error: unknown) =>
  error instanceof ApiError ? error : new ApiError('network', 0, null, '');

class Store {
  status = $state<LiveStatus>('connecting');
  country = $state.raw<Country | null>(null);
  overview = $state.raw<Overview | null>(null);
  outline = $state.raw<CountryOutline | null>(null);
  summary = $state.raw<Summary | null>(null);
  error = $state.raw<ApiError | null>(null);
  /** The sites of the map, once `wantMap` was called. */
  columns = $state.raw<SiteColumns | null>(null);
  /** Grows with each change of a state inside `columns`, which are changed in place. */
  revision = $state(0);
  /** Grows when names of rows or of sites came. */
  named = $state(0);
  /** The newest open outages, once `wantMap` was called. */
  openOutages = $state.raw<Outage[] | null>(null);
  mapError = $state.raw<ApiError | null>(null);

  #listeners = new Set<Listener>();
  #turn = 0;
  #mapTurn = 0;
  #mapWanted = false;
  /** Events heard while the map's answers were on their way: they may be newer. */
  #early: (() => void)[] | null = null;
  #sites = new Map<string, { name: string | null; state: SiteState }>();
  #wantedIds = new Set<string>();
  #wantedRows = new Set<number>();
  #askedIds = new Set<string>();
  #askedRows = new Set<number>();
  #gathering: ReturnType<typeof setTimeout> | undefined;
  #redraw = throttled(() => (this.revision += 1), REDRAW_MS);
  #refresh = throttled(() => void this.#loadOverview(), OVERVIEW_MS);

  start(): () => void {
    void this.load();
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') this.#refresh.ask();
    }, OVERVIEW_LONGEST_MS);
    return () => {
      clearInterval(timer);
      this.#redraw.stop();
      this.#refresh.stop();
    };
  }

  /** Hears of changes until the returned function is called. */
  hear(): () => void {
    return listen(() => new EventSource('/api/v1/events?topic=changes'), {
      status: (status) => (this.status = status),
      resumed: () => {
        void this.load();
        this.#listeners.forEach((listener) => listener.resumed?.());
      },
      site: (event) => this.#site(event),
      outage: (event) => this.#outage(event),
      outageGone: (event) => this.#outageGone(event),
      sample: () => {},
      summary: (event) => (this.summary = event),
    });
  }

  /** Hears the samples of one site, or of all with `null`, until the returned function is called. */
  hearSamples(site: string | null): () => void {
    const query = site === null ? '' : `&site=${encodeURIComponent(site)}`;
    return listen(() => new EventSource(`/api/v1/events?topic=samples${query}`), {
      status: () => {},
      resumed: () => {},
      site: () => {},
      outage: () => {},
      outageGone: () => {},
      summary: () => {},
      sample: (event) => this.#listeners.forEach((listener) => listener.sample?.(event)),
    });
  }

  /** A screen hears the events from its mount until the returned function is called. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async load(): Promise<void> {
    const turn = (this.#turn += 1);
    if (this.#mapWanted) void this.#loadMap();
    try {
      const [overview, outline, country] = await Promise.all([
        api.overview(),
        this.outline ?? api.outline(),
        this.country ?? api.country(),
      ]);
      if (turn !== this.#turn) return;
      app.timeZone = overview.country.time_zone;
      this.overview = overview;
      this.summary = overview.summary;
      this.outline = outline;
      this.country = country;
      this.error = null;
    } catch (error) {
      if (turn === this.#turn) this.error = failure(error);
    }
  }

  /** What the overview shows, again; what is shown stays when that fails. */
  async #loadOverview(): Promise<void> {
    const turn = this.#turn;
    try {
      const overview = await api.overview();
      if (turn !== this.#turn) return;
      this.overview = overview;
      this.summary = overview.summary;
    } catch {
      // The stream says that the collector is silent, and `load` follows when it is back.
    }
  }

  /** A screen shows the map: its sites are fetched now, and again after a reconnection. */
  wantMap(): void {
    if (this.#mapWanted && !this.mapError) return;
    this.#mapWanted = true;
    void this.#loadMap();
  }

  async #loadMap(): Promise<void> {
    const turn = (this.#mapTurn += 1);
    this.#early = [];
    try {
      const [reader, places, states, outages] = await Promise.all([
        import('./map/columns'),
        api.mapPlaces(),
        api.mapStates(),
        api.openOutages(OPEN_OUTAGES_MAX),
      ]);
      if (turn !== this.#mapTurn) return;
      const columns = reader.fromCompact(places);
      if (!columns.takeStates(states)) {
        // Sites changed between the two answers: once more, later.
        setTimeout(() => void this.#loadMap(), REDRAW_MS);
        return;
      }
      this.#wantedRows.clear();
      this.#askedRows.clear();
      this.columns = columns;
      this.openOutages = outages.items;
      this.mapError = null;
      const early = this.#early;
      this.#early = null;
      early?.forEach((apply) => apply());
    } catch (error) {
      if (turn !== this.#mapTurn) return;
      this.#early = null;
      this.mapError = failure(error);
    }
  }

  /** The name of a site, once it is known; asking for it fetches it. */
  name(site: string): string | null {
    return this.#known(site)?.name ?? null;
  }

  stateOf(site: string): SiteState {
    return this.#known(site)?.state ?? 'unknown';
  }

  #known(site: string) {
    void this.named;
    const known = this.#sites.get(site);
    if (!known && !this.#askedIds.has(site)) {
      this.#wantedIds.add(site);
      this.#gather();
    }
    return known;
  }

  /** Fetches identifiers and names of rows of the map that are shown. */
  nameRows(rows: readonly number[]): void {
    for (const row of rows) {
      if (this.columns?.named.has(row) || this.#askedRows.has(row)) continue;
      this.#wantedRows.add(row);
    }
    if (this.#wantedRows.size) this.#gather();
  }

  #gather(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = undefined;
      void this.#nameWanted();
    }, GATHER_MS);
  }

  async #nameWanted(): Promise<void> {
    const columns = this.columns;
    const rows = [...this.#wantedRows].slice(0, NAMES_AT_ONCE);
    const ids = [...this.#wantedIds].slice(0, NAMES_AT_ONCE);
    rows.forEach((row) => (this.#wantedRows.delete(row), this.#askedRows.add(row)));
    ids.forEach((id) => (this.#wantedIds.delete(id), this.#askedIds.add(id)));
    try {
      const [byRow, byId] = await Promise.all([
        rows.length && columns?.version ? api.mapRows(columns.version, rows) : null,
        ids.length ? api.mapSites(ids) : null,
      ]);
      for (const { row, id, name, sensitive } of byRow?.items ?? []) {
        columns?.named.set(row, { id, name, sensitive });
      }
      for (const { id, name, state } of byId?.items ?? []) this.#sites.set(id, { name, state });
      this.named += 1;
    } catch (error) {
      // The map changed meanwhile: its rows mean other sites now.
      if (error instanceof ApiError && error.code === 'conflict') void this.#loadMap();
      rows.forEach((row) => this.#askedRows.delete(row));
      ids.forEach((id) => this.#askedIds.delete(id));
      return;
    }
    if (this.#wantedRows.size || this.#wantedIds.size) this.#gather();
  }

  #site(event: SiteEvent): void {
    this.#early?.push(() => this.#applySite(event));
    this.#applySite(event);
    this.#refresh.ask();
    this.#listeners.forEach((listener) => listener.site?.(event));
  }

  #applySite(event: SiteEvent): void {
    const known = this.#sites.get(event.id);
    if (known && known.state !== event.state) {
      this.#sites.set(event.id, { ...known, state: event.state });
      this.#redraw.ask();
    }
    const row = event.map_row ?? null;
    if (row === null || !this.columns || event.map_version !== this.columns.version) return;
    const state = SITE_STATES.indexOf(event.state);
    if (state < 0 || this.columns.state[row] === state) return;
    this.columns.state[row] = state;
    this.#redraw.ask();
  }

  #outage(event: Outage): void {
    this.#early?.push(() => this.#applyOutage(event));
    this.#applyOutage(event);
    this.#refresh.ask();
    this.#listeners.forEach((listener) => listener.outage?.(event));
  }

  #outageGone(event: OutageGone): void {
    this.#early?.push(() => this.#takeAway(event));
    this.#takeAway(event);
    this.#refresh.ask();
    this.#listeners.forEach((listener) => listener.outageGone?.(event));
  }

  #takeAway(event: OutageGone): void {
    if (!this.openOutages) return;
    this.openOutages = withoutOutage(this.openOutages, event);
  }

  #applyOutage(event: Outage): void {
    if (!this.openOutages) return;
    this.openOutages = withOutage(this.openOutages, event).slice(0, OPEN_OUTAGES_MAX);
  }
}

export const store = new Store();
