// A small drawing of positions: longitude and latitude on a plane, the middle latitude true.

import type { FeatureCollection, ImportPreview } from './api/types';

/** West, south, east, north. */
export type Box = [number, number, number, number];

export interface View {
  height: number;
  place(longitude: number, latitude: number): [number, number];
}

/** Room around what is drawn, as a share of it. */
const MARGIN = 0.04;
/** Smallest extent, degrees: one position alone is drawn in the middle of something. */
const EXTENT_MIN = 0.02;
/** Flattest and steepest drawing, height by width. */
const SHAPE: [number, number] = [0.4, 1.4];

/** The view that holds the country and every position; `null` when there is nothing. */
export function frame(preview: ImportPreview, country: Box | null, width: number): View | null {
  let box = country;
  preview.latitude.forEach((latitude, row) => {
    const longitude = preview.longitude[row] ?? 0;
    const [west, south, east, north] = box ?? [longitude, latitude, longitude, latitude];
    box = [
      Math.min(west, longitude),
      Math.min(south, latitude),
      Math.max(east, longitude),
      Math.max(north, latitude),
    ];
  });
  if (!box) return null;
  const [west, south, east, north] = box as Box;
  const cosine = Math.max(0.05, Math.cos((((south + north) / 2) * Math.PI) / 180));
  const wide = Math.max(EXTENT_MIN, (east - west) * cosine) * (1 + 2 * MARGIN);
  const tall = Math.max(EXTENT_MIN, north - south) * (1 + 2 * MARGIN);
  const height = Math.round(width * Math.min(SHAPE[1], Math.max(SHAPE[0], tall / wide)));
  const scale = Math.min(width / wide, height / tall);
  const middle = [(west + east) / 2, (south + north) / 2] as const;
  return {
    height,
    place: (longitude, latitude) => [
      width / 2 + (longitude - middle[0]) * cosine * scale,
      height / 2 - (latitude - middle[1]) * scale,
    ],
  };
}

/** Polygons as the path of an SVG. */
export function outline(collection: FeatureCollection, view: View): string {
  const parts: string[] = [];
  const ring = (positions: unknown) => {
    if (!Array.isArray(positions)) return;
    const points = (positions as [number, number][]).map(([x, y]) => view.place(x, y));
    parts.push(`M${points.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join('L')}Z`);
  };
  const rings = (polygon: unknown) => Array.isArray(polygon) && polygon.forEach(ring);
  for (const { geometry } of collection.features) {
    if (geometry?.type === 'Polygon') rings(geometry.coordinates);
    if (geometry?.type === 'MultiPolygon' && Array.isArray(geometry.coordinates)) {
      geometry.coordinates.forEach(rings);
    }
  }
  return parts.join('');
}
