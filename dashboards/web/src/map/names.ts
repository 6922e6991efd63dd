// Names on the map: countries around, and towns where they cover neither a mark nor a name.

import type { FeatureCollection, Place } from '../api/types';
import { drawLabel } from './draw';
import { ringsOf, roomForName, wrap } from './label';
import type { Palette } from './palette';

/** Most place names drawn at once; more would hide the sites. */
const LABELS_MAX = 40;
/** Letters in a line of a neighbour's name. */
const NAME_LETTERS = 16;

type ToCanvas = (latitude: number, longitude: number) => { x: number; y: number };
type Rectangle = [left: number, top: number, right: number, bottom: number];

interface NameScene {
  language: 'fr' | 'en';
  bounds: { getWest(): number; getSouth(): number; getEast(): number; getNorth(): number };
  pixelsPerDegree: number;
  toCanvas: ToCanvas;
}

/** Names of the countries around, in the widest stretch of each that is in view. */
export function drawNames(
  context: CanvasRenderingContext2D,
  palette: Palette,
  neighbours: FeatureCollection | null,
  scene: NameScene,
): void {
  const { bounds, language } = scene;
  const view = {
    west: bounds.getWest(),
    south: bounds.getSouth(),
    east: bounds.getEast(),
    north: bounds.getNorth(),
  };
  for (const { properties, geometry } of neighbours?.features ?? []) {
    const own = language === 'fr' ? properties?.name_fr : properties?.name_en;
    const name = own ?? properties?.name ?? properties?.name_fr ?? properties?.name_en;
    const room = name ? roomForName(ringsOf(geometry), view) : null;
    if (!name || !room) continue;
    const lines = wrap(name.toLocaleUpperCase(language), NAME_LETTERS);
    const width = Math.max(...lines.map((line) => line.length)) * 8.5;
    if (room.width * scene.pixelsPerDegree < width) continue;
    const point = scene.toCanvas(room.latitude, room.longitude);
    lines.forEach((line, i) => {
      const y = point.y + (i - (lines.length - 1) / 2) * 14;
      drawLabel(context, line, [point.x, y], {
        color: palette.muted,
        halo: palette.sea,
        size: 11,
        bold: true,
      });
    });
  }
}

interface PlaceScene {
  size: { x: number; y: number };
  /** What stands there already. */
  taken: Rectangle[];
  toCanvas: ToCanvas;
}

/** Names of places, the most populous first. */
export function drawPlaces(
  context: CanvasRenderingContext2D,
  palette: Palette,
  places: readonly Place[],
  { size, taken, toCanvas }: PlaceScene,
): void {
  let drawn = 0;
  for (const [rank, place] of places.entries()) {
    if (drawn >= LABELS_MAX) break;
    if (place.name === null) continue;
    const point = toCanvas(place.latitude, place.longitude);
    if (point.x < 0 || point.y < 0 || point.x > size.x || point.y > size.y) continue;
    const bold = rank < 2;
    const half = place.name.length * (bold ? 3.9 : 3.4) + 2;
    for (const dy of [-25, 25, -38, 38, -14, 14]) {
      const box: Rectangle = [
        point.x - half,
        point.y + dy - 7,
        point.x + half,
        point.y + dy + 7,
      ];
      if (taken.some((b) => b[0] < box[2] && b[2] > box[0] && b[1] < box[3] && b[3] > box[1])) {
        continue;
      }
      taken.push(box);
      drawLabel(context, place.name, [point.x, point.y + dy], {
        color: palette.text,
        halo: palette.land,
        size: bold ? 13 : 11.5,
        bold,
      });
      drawn += 1;
      break;
    }
  }
}
