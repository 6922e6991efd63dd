// Where a country's name is written, and which of its edges are real. Pure, on GeoJSON positions.

import type { FeatureCollection } from '../api/types';

export type Position = [longitude: number, latitude: number];
export type Ring = Position[];

export interface Box {
  west: number;
  south: number;
  east: number;
  north: number;
}

/** Lines across a country on which room for its name is looked for. */
const SCAN_LINES = 24;

type Geometry = FeatureCollection['features'][number]['geometry'];

/** The rings of a polygon or multipolygon, outer and inner alike; none of another geometry. */
export function ringsOf(geometry: Geometry): Ring[] {
  if (geometry?.type === 'Polygon') return geometry.coordinates as Ring[];
  if (geometry?.type === 'MultiPolygon') return (geometry.coordinates as Ring[][]).flat();
  return [];
}

export function boxOf(rings: readonly Ring[]): Box {
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const [longitude, latitude] of rings.flat()) {
    box.west = Math.min(box.west, longitude);
    box.east = Math.max(box.east, longitude);
    box.south = Math.min(box.south, latitude);
    box.north = Math.max(box.north, latitude);
  }
  return box;
}

/** Longitudes at which the outline crosses a latitude, from west to east. */
function crossings(rings: readonly Ring[], latitude: number): number[] {
  const found: number[] = [];
  for (const ring of rings) {
    ring.forEach(([x1, y1], i) => {
      const [x2, y2] = ring[(i + 1) % ring.length] ?? [x1, y1];
      if (y1 > latitude === y2 > latitude) return;
      found.push(x1 + ((latitude - y1) / (y2 - y1)) * (x2 - x1));
    });
  }
  return found.sort((a, b) => a - b);
}

export interface Room {
  longitude: number;
  latitude: number;
  /** Degrees of longitude free on both sides together. */
  width: number;
}

/** The widest stretch inside the outline and inside the view; `null` when there is none. */
export function roomForName(rings: readonly Ring[], view: Box): Room | null {
  const box = boxOf(rings);
  const south = Math.max(view.south, box.south);
  const north = Math.min(view.north, box.north);
  let best: Room | null = null;
  for (let line = 1; line < SCAN_LINES && south < north; line += 1) {
    const latitude = south + ((north - south) * line) / SCAN_LINES;
    const at = crossings(rings, latitude);
    for (let i = 0; i + 1 < at.length; i += 2) {
      const west = Math.max(at[i] ?? 0, view.west);
      const east = Math.min(at[i + 1] ?? 0, view.east);
      // Away from the ends of the country a name reads better: the ends count for less.
      const middle = 1 - Math.abs(line / SCAN_LINES - 0.5);
      if (east - west > 0 && (!best || (east - west) * middle > best.width)) {
        best = { longitude: (west + east) / 2, latitude, width: (east - west) * middle };
      }
    }
  }
  return best;
}

/**
 * The outlines as lines, without the edges on the frame of the whole collection: where a file was
 * cut there is no border.
 */
export function borders(collection: FeatureCollection): Position[][] {
  const all = collection.features.flatMap((feature) => ringsOf(feature.geometry));
  const frame = boxOf(all);
  const onFrame = ([x1, y1]: Position, [x2, y2]: Position) =>
    (x1 === x2 && (x1 === frame.west || x1 === frame.east)) ||
    (y1 === y2 && (y1 === frame.south || y1 === frame.north));
  const lines: Position[][] = [];
  for (const ring of all) {
    let line: Position[] = [];
    ring.forEach((position, i) => {
      const before = ring[i - 1];
      if (before && onFrame(before, position)) {
        if (line.length > 1) lines.push(line);
        line = [];
      }
      line.push(position);
    });
    if (line.length > 1) lines.push(line);
  }
  return lines;
}

/** A name in lines of about so many letters, broken between words. */
export function wrap(name: string, letters: number): string[] {
  const lines: string[] = [];
  for (const word of name.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= letters) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(word);
  }
  return lines;
}
