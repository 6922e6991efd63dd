// The shapes of /api/v1. `null` means "not known", never zero.

export const SITE_STATES = ['up', 'degraded', 'down', 'excluded', 'unknown'] as const;
export type SiteState = (typeof SITE_STATES)[number];

export const SITE_KINDS = [
  'ministry',
  'town_hall',
  'civil_registry',
  'court',
  'hospital',
  'health_centre',
  'school',
  'post',
  'police',
  'other',
] as const;
export type SiteKind = (typeof SITE_KINDS)[number];

export const CAUSES = [
  'power',
  'restarted_unproven',
  'planned_stop',
  'agent',
  'host_suspended',
  'lan',
  'last_mile',
  'upstream',
  'transit',
  'captive_portal',
  'dns_line',
  'dns_other',
  'destination',
  'collector',
  'undetermined',
] as const;
export type Cause = (typeof CAUSES)[number];

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface Problem {
  type?: string;
  title: string;
  status: number;
  detail?: string;
  code: string;
}

export interface Layer {
  kind: string;
  name: string;
  source: string | null;
  licence: string | null;
  date: string | null;
  features: number | null;
}

export interface AbsentLayer {
  kind: string;
  note_fr: string | null;
  note_en: string | null;
}

export interface Country {
  id: string;
  name_fr: string;
  name_en: string;
  time_zone: string;
  bounds: [number, number, number, number];
  invented_sites: boolean;
  notice: { text_fr: string; text_en: string }[];
  layers: Layer[];
  absent_layers: AbsentLayer[];
}

export interface Place {
  name: string | null;
  latitude: number;
  longitude: number;
  population: number | null;
}

export type SiteCounts = Record<SiteState, number> & { total: number };

export interface Summary {
  as_of: string;
  sites: SiteCounts;
  agents: { total: number; silent: number };
  measured_sites: number;
  availability_24_hours: { up_slots: number; measured_slots: number; percent: string } | null;
}

/** All open sites as columns of equal length. */
export interface MapColumns {
  id: string[];
  name: (string | null)[];
  kind: SiteKind[];
  latitude: number[];
  longitude: number[];
  state: SiteState[];
  region: (string | null)[];
  invented: boolean;
}

export interface SiteItem {
  id: string;
  name: string | null;
  kind: SiteKind;
  latitude: number;
  longitude: number;
  place: string | null;
  region: string | null;
  operator: string | null;
  state: SiteState;
  since: string | null;
  cause: Cause | null;
  invented: boolean;
  agents: number;
}

export interface Line {
  key: string;
  interface: string | null;
  gateway: string | null;
  family: string | null;
  public_address: string | null;
  confirmed: boolean;
  first_seen_at: string | null;
}

export interface SiteAgent {
  id: string;
  state: 'reporting' | 'silent' | 'revoked';
  last_batch_at: string | null;
  last_heartbeat_at: string | null;
  software: string | null;
  boot: string | null;
  spool_records: number | null;
  lines: Line[];
}

export interface Target {
  id: string;
  name: string;
  kind: string;
  address: string | null;
}

export interface LatestSample {
  target: string;
  at: string;
  sent: number;
  received: number;
  rtt_us_median: number | null;
  outcome: string | null;
}

export interface SiteVersion {
  valid_from: string;
  valid_to: string | null;
  name: string | null;
  kind: SiteKind;
  latitude: number;
  longitude: number;
  operator: string | null;
  status: string;
}

export interface SiteDetail extends Omit<SiteItem, 'agents'> {
  aliases: string[];
  versions: SiteVersion[];
  agents: SiteAgent[];
  targets: Target[];
  agreements: string[];
  latest: LatestSample[];
}

export type HistoryState = 'up' | 'down' | 'unknown' | 'degraded' | null;

export interface History {
  target: string;
  step_seconds: number;
  start_unix_s: number[];
  sent: (number | null)[];
  received: (number | null)[];
  rtt_us_min: (number | null)[];
  rtt_us_median: (number | null)[];
  rtt_us_p95: (number | null)[];
  state: HistoryState[];
}

export interface Fraction {
  numerator: number;
  denominator: number;
  percent: string;
}

export interface MonthDay {
  date: string;
  up_slots: number;
  down_slots: number;
  unknown_slots: number;
  excluded_slots: number;
}

export interface MonthFigures {
  site: string;
  agreement: string;
  month: string;
  period_start: string;
  period_end: string;
  slot_seconds: number;
  period_slots: number;
  excluded_slots: number;
  unknown_slots: number;
  measured_slots: number;
  down_slots: number;
  up_slots: number;
  raw_good_slots: number | null;
  availability: Fraction | null;
  unknown_interval: { minimum_percent: string; maximum_percent: string } | null;
  coverage: Fraction | null;
  billable: boolean | null;
  outage_count: number;
  mttr_minutes: string | null;
  mtbf_minutes: string | null;
  outages: { start: string; end: string | null; down_slots: number; cause: Cause | null }[];
  days: MonthDay[];
  revision: number;
  final: boolean;
  target_availability_percent: string | null;
  target_met: boolean | null;
}

export type FactValue = string | number | boolean | null;

export interface Fact {
  code: string;
  values?: Record<string, FactValue>;
}

export interface Outage {
  id: string;
  site: string;
  site_name: string | null;
  site_kind: SiteKind;
  region: string | null;
  start: string;
  end: string | null;
  slot_seconds: number;
  down_slots: number;
  cause: Cause;
  locus: string;
  facts: Fact[];
  agent: string | null;
}

export interface AgentItem {
  id: string;
  site: string | null;
  site_name: string | null;
  state: 'reporting' | 'silent' | 'revoked';
  enrolled_at: string | null;
  last_batch_at: string | null;
  last_heartbeat_at: string | null;
  software: string | null;
  spool_records: number | null;
  spool_dropped: number | null;
  unconfirmed_lines: number;
}

export interface EnrolmentCode {
  code: string;
  collector: string;
  site: string;
  expires_at: string;
}

export interface Agreement {
  id: string;
  title: string;
  version: number | string;
  valid_from: string;
  valid_to: string | null;
  sites: string[];
  slot_seconds: number;
  target_availability_percent: string | null;
}

export interface Statement {
  agreement: string;
  month: string;
  sites: MonthFigures[];
}

export interface PlanCriterion {
  id: string;
  weight: number;
  unit: string | null;
  better: 'higher_need' | 'lower_need';
  known_sites: number;
}

export interface Contribution {
  criterion: string;
  value: number | null;
  unit: string | null;
  normalised: number | null;
  weight: number;
  contribution: number | null;
  unknown_reason: string | null;
  source: string | null;
}

export interface PlanItem {
  rank: number;
  site: string;
  site_name: string | null;
  kind: SiteKind;
  region: string | null;
  latitude: number | null;
  longitude: number | null;
  score: number;
  known_weight_share: number;
  contributions: Contribution[];
}

export interface Plan extends Page<PlanItem> {
  criteria: PlanCriterion[];
  layers: Layer[];
  absent_layers: AbsentLayer[];
  sites: number;
}

export interface SiteEvent {
  id: string;
  state: SiteState;
  since: string | null;
  cause: Cause | null;
}

export interface SampleEvent {
  site: string;
  target: string;
  at: string;
  rtt_us_median: number | null;
  sent: number;
  received: number;
}

/** The part of GeoJSON (RFC 7946) that the map draws. */
export interface FeatureCollection {
  type: 'FeatureCollection';
  features: {
    type: 'Feature';
    properties: { name?: string | null; name_fr?: string | null; name_en?: string | null } | null;
    geometry: { type: string; coordinates: unknown } | null;
  }[];
}
