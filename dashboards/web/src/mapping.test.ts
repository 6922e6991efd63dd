import { describe, expect, it } from 'vitest';

import type { ImportMapping } from './api/types';
import { choose, chosen, fieldsOf, translate } from './mapping';

const mapping: ImportMapping = {
  columns: { name: ['nom'], kind: ['amenity', 'healthcare'] },
  constants: {},
  kind_scheme: 'words',
  kinds: {},
  untranslated: 'refuse',
  keep: [],
  id_prefix: '',
  encoding: null,
  sheet: null,
  crs: null,
  layer: null,
};

describe('the mapping of a file', () => {
  it('keeps several columns of one field together', () => {
    const value = chosen(mapping, 'kind');
    expect(choose(mapping, 'kind', value)).toEqual(mapping);
  });
  it('takes a column or a constant, never both', () => {
    const constant = choose(mapping, 'kind', '=school');
    expect([constant.columns.kind, constant.constants.kind]).toEqual([undefined, 'school']);
    expect(chosen(constant, 'kind')).toBe('=school');
    const column = choose(constant, 'kind', '["type"]');
    expect([column.columns.kind, column.constants.kind]).toEqual([['type'], undefined]);
    expect(chosen(choose(column, 'kind', ''), 'kind')).toBe('');
  });
  it('changes nothing in place', () => {
    choose(mapping, 'name', '');
    translate(mapping, 'bar', 'other');
    expect([mapping.columns.name, mapping.kinds]).toEqual([['nom'], {}]);
    expect(translate(translate(mapping, 'bar', 'other'), 'bar', '').kinds).toEqual({});
  });
  it('asks for positions only where the file has no geometries', () => {
    expect(fieldsOf('sites', false)).toContain('latitude');
    expect(fieldsOf('sites', true)).not.toContain('latitude');
    expect(fieldsOf('places', false)).toContain('population');
    expect(fieldsOf('regions', true)).toEqual(['name']);
  });
});
