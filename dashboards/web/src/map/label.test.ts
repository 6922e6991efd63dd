import { describe, expect, it } from 'vitest';

import type { FeatureCollection } from '../api/types';
import { borders, ringsOf, roomForName, wrap, type Ring } from './label';

const square: Ring = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
  [0, 0],
];
/** A country around a bay: its box's centre is not in it. */
const horseshoe: Ring = [
  [0, 0],
  [10, 0],
  [10, 10],
  [8, 10],
  [8, 3],
  [2, 3],
  [2, 10],
  [0, 10],
  [0, 0],
];
const world = { west: -180, south: -90, east: 180, north: 90 };

describe('roomForName', () => {
  it('is the middle of a plain shape', () => {
    const room = roomForName([square], world);
    expect(room?.longitude).toBe(5);
    expect(room?.latitude).toBe(5);
  });
  it('lies inside a shape whose centre does not', () => {
    const room = roomForName([horseshoe], world);
    expect(room?.longitude).toBe(5);
    expect(room?.latitude).toBeLessThan(3);
  });
  it('keeps to the view', () => {
    const room = roomForName([square], { ...world, west: 6 });
    expect(room?.longitude).toBe(8);
    expect(roomForName([square], { ...world, west: 11 })).toBeNull();
  });
});

describe('borders', () => {
  const collection: FeatureCollection = {
    type: 'FeatureCollection',
    features: [
      { type: 'Feature', properties: null, geometry: { type: 'Polygon', coordinates: [square] } },
      { type: 'Feature', properties: null, geometry: { type: 'Point', coordinates: [3, 3] } },
    ],
  };
  it('leave out the edges on the frame where the file was cut', () => {
    expect(borders(collection)).toEqual([]);
    const cut: FeatureCollection = {
      ...collection,
      features: [
        {
          type: 'Feature',
          properties: null,
          geometry: {
            type: 'Polygon',
            coordinates: [
              [
                [0, 0],
                [10, 0],
                [10, 10],
                [4, 6],
                [0, 0],
              ],
            ],
          },
        },
      ],
    };
    expect(borders(cut)).toEqual([
      [
        [10, 10],
        [4, 6],
        [0, 0],
      ],
    ]);
  });
  it('take the rings of polygons and multipolygons only', () => {
    expect(ringsOf({ type: 'MultiPolygon', coordinates: [[square], [horseshoe]] })).toHaveLength(2);
    expect(ringsOf({ type: 'LineString', coordinates: square })).toEqual([]);
    expect(ringsOf(null)).toEqual([]);
  });
});

describe('wrap', () => {
  it('breaks between words', () => {
    expect(wrap('RÉPUBLIQUE DÉMOCRATIQUE DU CONGO', 16)).toEqual([
      'RÉPUBLIQUE',
      'DÉMOCRATIQUE DU',
      'CONGO',
    ]);
    expect(wrap('GABON', 16)).toEqual(['GABON']);
  });
});
