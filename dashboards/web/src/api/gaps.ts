// How far sites and areas are from what exists.

import { address, request, V1, type Query } from './client';
import type { components } from './schema';

export type GapMap = components['schemas']['GapMap'];
export type GapAreas = components['schemas']['GapAreas'];

export const gaps = {
  map: () => request<GapMap>(`${V1}/gaps/map`),
  areas: (query: Query) => request<GapAreas>(address(`${V1}/gaps/areas`, query)),
  export: (query: Query) => address(`${V1}/gaps/export`, query),
};
