import { describe, expect, it } from 'vitest';

import { frame, outline } from './preview';

const preview = (points: [number, number][]) => ({
  longitude: points.map(([x]) => x),
  latitude: points.map(([, y]) => y),
  name: points.map(() => null),
  kind: points.map(() => null),
  accepted: points.length,
});

describe('the small drawing', () => {
  it('holds every position and the country', () => {
    const view = frame(preview([[20, 0]]), [11, -5, 18, 4], 400);
    for (const [x, y] of [
      [20, 0],
      [11, -5],
      [18, 4],
    ] as const) {
      const [px, py] = view!.place(x, y);
      expect(px).toBeGreaterThanOrEqual(0);
      expect(px).toBeLessThanOrEqual(400);
      expect(py).toBeGreaterThanOrEqual(0);
      expect(py).toBeLessThanOrEqual(view!.height);
    }
    expect(view!.place(15, 4)[1]).toBeLessThan(view!.place(15, -5)[1]);
  });
  it('draws one position in the middle, and nothing of nothing', () => {
    const view = frame(preview([[15, -4]]), null, 400);
    expect(view!.place(15, -4)).toEqual([200, view!.height / 2]);
    expect(frame(preview([]), null, 400)).toBeNull();
  });
  it('draws polygons of both kinds', () => {
    const view = frame(preview([]), [0, 0, 1, 1], 100)!;
    const square = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 0],
    ];
    const feature = (type: string, coordinates: unknown) => ({
      type: 'Feature' as const,
      properties: null,
      geometry: { type, coordinates },
    });
    const drawn = outline(
      {
        type: 'FeatureCollection',
        features: [feature('Polygon', [square]), feature('MultiPolygon', [[square]])],
      },
      view,
    );
    expect(drawn.match(/M/g)).toHaveLength(2);
  });
});
