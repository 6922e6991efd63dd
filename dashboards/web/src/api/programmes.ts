// Plans with a programme: made in the background, kept, compared.

import { address, part, post, request, V1, type Query } from './client';
import type { Page } from './types';
import type { components } from './schema';

type Schema<Name extends keyof components['schemas']> = components['schemas'][Name];

export type KeptPlan = Schema<'KeptPlanItem'>;
export type PlanProgress = Schema<'PlanProgress'>;
export type PlanMapData = Schema<'PlanMap'>;
export type PlanSite = Schema<'PlanSiteItem'>;

export interface Phase {
  name: string;
  ceiling_minor: number;
  yearly_ceiling_minor: number | null;
  capex_minor: number;
  total_capex_minor: number;
  yearly_minor: number;
  sites: number;
  by_technology: Record<string, number>;
  route_metres: number;
  benefit: number;
  upper_bound: number;
  gap: number;
  over_ceiling: boolean;
  quotas_missed: [string, number][];
}
export interface FrontierPoint {
  ceiling_minor: number;
  capex_minor: number;
  yearly_minor: number;
  benefit: number;
  upper_bound: number;
  sites: number;
}
export interface Service {
  wish: { name: string; radius_metres: number };
  points: { site: string; kind: string; people: number; settlements: number }[];
  shortfalls: { kind: string | null; asked: number; candidates: number }[];
  people_covered: number;
  people_total: number;
  upper_bound: number;
  settlements_covered: number;
  settlements_total: number;
  settlements_without_population: number;
}
export interface Delivery {
  site: string;
  technology: string;
  planned_capex_minor: number;
  realised_capex_minor: number;
  cost_percent: number | null;
  measured_availability_millionths: number | null;
  as_promised: boolean | null;
}
/** A programme without its sites and routes. */
export interface Programme {
  costs: { name: string; source: string; currency: string; years: number };
  target: {
    sites: number;
    by_technology: Record<string, number>;
    unreached: number;
    route_metres: number;
    capex_minor: number;
    yearly_minor: number;
    net_present_minor: number;
    lower_bound_minor: number;
    gap: number;
  };
  phases: Phase[];
  frontier: FrontierPoint[];
  actions: Record<string, number>;
  services: Service[];
  deliveries: Delivery[];
  limits_fr: string[];
  limits_en: string[];
}
export type PlanDetail = KeptPlan & {
  inputs: Record<string, string>;
  scenario: Record<string, unknown>;
  programme: Programme;
};
export interface YearFlow {
  year: number;
  capex_minor: number;
  renewal_minor: number;
  power_minor: number;
  bandwidth_minor: number;
  upkeep_minor: number;
  salvage_minor: number;
}
export interface Option {
  technology: string;
  feasibility: { is: string; because?: string };
  net_present_minor: number | null;
  annuity_minor: number | null;
}
export interface Sensitivity {
  factor: string;
  percent: number;
  technology: string | null;
  net_present_minor: number | null;
  break_even_metres: number | null;
}
export interface Contribution {
  criterion: string;
  weight: number;
  unit: string;
  finding: { known?: { value: number; contribution_millionths: number }; unknown?: { reason: string } };
}
export type Sheet = PlanSite & {
  currency: string;
  contributions: Contribution[];
  plan: {
    net_present_minor: number | null;
    route_metres: number | null;
    break_even_metres: number | null;
    promised_bits_per_second?: number | null;
    download_bits_per_second?: number | null;
    download_measurements?: number;
    decision: { do: string; phase?: number; by?: string; reason: string; author: string } | null;
    around: Record<string, { known?: number | boolean; unknown?: { reason: string } }>;
  };
  money: {
    options: Option[];
    planned: { years: YearFlow[] } | null;
    sensitivity: Sensitivity[];
  };
};
export interface Side {
  action: string;
  technology: string | null;
  phase: number | null;
  capex_minor: number | null;
}
export interface Comparison {
  first: KeptPlan;
  second: KeptPlan;
  comparison: {
    in_both: number;
    alike: number;
    action_changed: number;
    technology_changed: number;
    phase_changed: number;
    changes: { site: string; first: Side | null; second: Side | null }[];
  };
}

const one = (id: string) => `${V1}/plans/${part(id)}`;

export const programmes = {
  list: () => request<Page<KeptPlan>>(`${V1}/plans`),
  examples: () => request<{ costs: Record<string, string> }>(`${V1}/plans/examples`),
  make: (scenario: string, costs: string) =>
    post<PlanProgress>(`${V1}/plans`, { scenario, costs }),
  progress: () => request<PlanProgress>(`${V1}/plans/progress`),
  plan: (id: string) => request<PlanDetail>(one(id)),
  map: (id: string) => request<PlanMapData>(`${one(id)}/map`),
  sites: (id: string, query: Query) =>
    request<Page<PlanSite>>(address(`${one(id)}/sites`, query)),
  sheet: (id: string, site: string) => request<Sheet>(`${one(id)}/sites/${part(site)}`),
  compare: (first: string, second: string) =>
    request<Comparison>(address(`${V1}/plans/compare`, { first, second })),
  export: (id: string, query: Query) => address(`${one(id)}/export`, query),
};
