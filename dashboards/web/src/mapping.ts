// The mapping of a file as the form changes it.

import type { ImportMapping } from './api/types';

export const SITE_FIELDS = [
  'id',
  'name',
  'kind',
  'latitude',
  'longitude',
  'place',
  'region',
  'operator',
] as const;
export const POINT_FIELDS = ['name', 'latitude', 'longitude'] as const;
export const PLACE_FIELDS = [...POINT_FIELDS, 'population', 'class'] as const;
export const MAST_FIELDS = [...POINT_FIELDS, 'operator', 'generation'] as const;
export const COVERAGE_FIELDS = [...MAST_FIELDS, 'radius_metres'] as const;
/** What each kind of layer is told by; the others by their name and position. */
const LAYER_FIELDS: Record<string, readonly string[]> = {
  places: PLACE_FIELDS,
  masts: MAST_FIELDS,
  coverage: COVERAGE_FIELDS,
  regions: ['name'],
  fibre_lines: ['name'],
  roads: ['name'],
  power_lines: ['name'],
  terrain: [],
};

/** The fields of a file; positions of a map's file come from its geometries. */
export function fieldsOf(what: string, hasGeometry: boolean): string[] {
  const all = what === 'sites' ? SITE_FIELDS : (LAYER_FIELDS[what] ?? POINT_FIELDS);
  return all.filter((field) => !hasGeometry || !['latitude', 'longitude'].includes(field));
}

/** What a field's choice stands at: its columns as one text, or a constant, or nothing. */
export function chosen(mapping: ImportMapping, field: string): string {
  const constant = mapping.constants[field];
  if (constant) return `=${constant}`;
  const columns = mapping.columns[field] ?? [];
  return columns.length ? JSON.stringify(columns) : '';
}

/** The mapping with another choice for a field. */
export function choose(mapping: ImportMapping, field: string, value: string): ImportMapping {
  const columns = { ...mapping.columns };
  const constants = { ...mapping.constants };
  delete columns[field];
  delete constants[field];
  if (value.startsWith('=')) constants[field] = value.slice(1);
  else if (value !== '') columns[field] = JSON.parse(value) as string[];
  return { ...mapping, columns, constants };
}

/** The mapping with another meaning for a kind of the file; none takes the meaning away. */
export function translate(mapping: ImportMapping, word: string, kind: string): ImportMapping {
  const kinds = { ...mapping.kinds };
  if (kind === '') delete kinds[word];
  else kinds[word] = kind;
  return { ...mapping, kinds };
}
