// Grouping of sites by a grid of screen pixels at a zoom level. Pure: from columns to marks.

import { SITE_STATES } from '../api/types';
import type { SiteColumns } from './columns';

/** Side of a grid cell, in screen pixels: about the width of the largest ring. */
export const CELL_PX = 64;
/** From this zoom on every site is drawn by itself: towns are then wider than a cell. */
export const ZOOM_WITHOUT_CLUSTERS = 13;
/** Cells in a row of the grid at the last zoom with clusters, and more: keys do not meet. */
const CELLS_IN_ROW = 2 ** 20;

export interface Mark {
  /** World pixels at the zoom level. */
  x: number;
  y: number;
  count: number;
  /** Sites of each state, in the order of `SITE_STATES`. */
  states: number[];
  /** The row of the site when the mark is a single one, else −1. */
  row: number;
  bounds: { south: number; west: number; north: number; east: number };
}

interface Cell extends Mark {
  sumX: number;
  sumY: number;
}

function cellOf(columns: SiteColumns, row: number, x: number, y: number): Cell {
  const latitude = columns.latitude[row] ?? 0;
  const longitude = columns.longitude[row] ?? 0;
  const states = SITE_STATES.map(() => 0);
  states[columns.state[row] ?? 0] = 1;
  return {
    x,
    y,
    sumX: x,
    sumY: y,
    count: 1,
    states,
    row,
    bounds: { south: latitude, north: latitude, west: longitude, east: longitude },
  };
}

/** One more site in a cell, in place: a hundred thousand small objects would cost more. */
function add(into: Cell, columns: SiteColumns, row: number, x: number, y: number): void {
  const latitude = columns.latitude[row] ?? 0;
  const longitude = columns.longitude[row] ?? 0;
  into.sumX += x;
  into.sumY += y;
  into.count += 1;
  into.row = -1;
  const state = columns.state[row] ?? 0;
  into.states[state] = (into.states[state] ?? 0) + 1;
  const { bounds } = into;
  if (latitude < bounds.south) bounds.south = latitude;
  if (latitude > bounds.north) bounds.north = latitude;
  if (longitude < bounds.west) bounds.west = longitude;
  if (longitude > bounds.east) bounds.east = longitude;
}

function join(into: Cell, other: Cell): void {
  into.sumX += other.sumX;
  into.sumY += other.sumY;
  into.count += other.count;
  into.x = into.sumX / into.count;
  into.y = into.sumY / into.count;
  into.row = -1;
  into.states = into.states.map((count, index) => count + (other.states[index] ?? 0));
  into.bounds = {
    south: Math.min(into.bounds.south, other.bounds.south),
    north: Math.max(into.bounds.north, other.bounds.north),
    west: Math.min(into.bounds.west, other.bounds.west),
    east: Math.max(into.bounds.east, other.bounds.east),
  };
}

/** Passes of joining: a join moves a ring's centre, which may cover the next one. */
const PASSES_MAX = 8;

/** Rings that overlap after the grid are joined, until none does. */
function joinNeighbours(cells: Cell[]): Cell[] {
  let marks = cells;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const joined = joinOnce(marks);
    if (joined.length === marks.length) return joined;
    marks = joined;
  }
  return marks;
}

const square = (x: number, y: number) => `${Math.floor(x / CELL_PX)} ${Math.floor(y / CELL_PX)}`;

/** The first ring kept that a cell overlaps; two rings are never wider than a grid cell. */
function overlapped(kept: Map<string, Cell[]>, cell: Cell): Cell | undefined {
  for (let dx = -1; dx <= 1; dx += 1) {
    for (let dy = -1; dy <= 1; dy += 1) {
      const found = kept
        .get(square(cell.x + dx * CELL_PX, cell.y + dy * CELL_PX))
        ?.find((a) => Math.hypot(a.x - cell.x, a.y - cell.y) < radius(a) + radius(cell));
      if (found) return found;
    }
  }
  return undefined;
}

/** Each ring is joined to a larger one that it overlaps. */
function joinOnce(cells: Cell[]): Cell[] {
  const kept = new Map<string, Cell[]>();
  const keep = (cell: Cell) => {
    const key = square(cell.x, cell.y);
    const there = kept.get(key);
    if (there) there.push(cell);
    else kept.set(key, [cell]);
  };
  for (const cell of cells.sort((a, b) => b.count - a.count || a.row - b.row)) {
    const larger = overlapped(kept, cell);
    if (!larger) {
      keep(cell);
      continue;
    }
    const before = square(larger.x, larger.y);
    join(larger, cell);
    if (square(larger.x, larger.y) === before) continue;
    kept.set(before, kept.get(before)?.filter((other) => other !== larger) ?? []);
    keep(larger);
  }
  return [...kept.values()].flat();
}

/** Radius in pixels at which a mark is drawn. */
export function radius(mark: { count: number }): number {
  return mark.count === 1 ? 7 : Math.min(13 + 4.5 * Math.log10(mark.count), 30);
}

/**
 * The rings of the rows given at a zoom level; each site is counted in exactly one. A row without
 * a usable position is left out.
 */
export function cluster(columns: SiteColumns, rows: ArrayLike<number>, zoom: number): Mark[] {
  const scale = 2 ** zoom;
  const cells = new Map<number, Cell>();
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0;
    const x = (columns.x[row] ?? NaN) * scale;
    const y = (columns.y[row] ?? NaN) * scale;
    if (!(Number.isFinite(x) && Number.isFinite(y))) continue;
    const key = Math.floor(y / CELL_PX) * CELLS_IN_ROW + Math.floor(x / CELL_PX);
    const found = cells.get(key);
    if (found) add(found, columns, row, x, y);
    else cells.set(key, cellOf(columns, row, x, y));
  }
  const found = [...cells.values()];
  for (const cell of found) {
    cell.x = cell.sumX / cell.count;
    cell.y = cell.sumY / cell.count;
  }
  return joinNeighbours(found);
}

export interface View {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Rows within a rectangle of world pixels at a zoom level. */
export function rowsWithin(
  columns: SiteColumns,
  rows: ArrayLike<number>,
  zoom: number,
  view: View,
): number[] {
  const scale = 2 ** zoom;
  const left = view.left / scale;
  const right = view.right / scale;
  const top = view.top / scale;
  const bottom = view.bottom / scale;
  const found: number[] = [];
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? 0;
    const x = columns.x[row] ?? NaN;
    const y = columns.y[row] ?? NaN;
    if (x >= left && x <= right && y >= top && y <= bottom) found.push(row);
  }
  return found;
}

/** Marks of single sites. */
export function singles(columns: SiteColumns, rows: readonly number[], zoom: number): Mark[] {
  const scale = 2 ** zoom;
  return rows.map((row) =>
    cellOf(columns, row, (columns.x[row] ?? 0) * scale, (columns.y[row] ?? 0) * scale),
  );
}

/** Which mark lies under a point, the topmost (last drawn) first; with a margin for fingers. */
export function hit(marks: readonly Mark[], x: number, y: number, margin: number): Mark | null {
  let best: Mark | null = null;
  let nearest = Infinity;
  for (const mark of marks) {
    const distance = Math.hypot(mark.x - x, mark.y - y) - radius(mark);
    if (distance <= margin && distance <= nearest) {
      best = mark;
      nearest = distance;
    }
  }
  return best;
}

/** Least part of a ring that an eye still finds on a cluster of the usual size. */
const SHARE_MIN = 0.08;

/**
 * The parts of a cluster's ring, which sum to 1. One site down among three hundred would be a
 * hair: each state that is there gets about `SHARE_MIN` or more, and the large ones give it up.
 */
export function visibleShares(counts: readonly number[]): number[] {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return counts.map(() => 0);
  const raised = counts.map((count) => (count > 0 ? Math.max(count / total, SHARE_MIN) : 0));
  const small = raised.map((part, at) => part > (counts[at] ?? 0) / total);
  const fixed = raised.reduce((sum, part, at) => sum + (small[at] ? part : 0), 0);
  const rest = raised.reduce((sum, part, at) => sum + (small[at] ? 0 : part), 0);
  return raised.map((part, at) => (small[at] ? part : (part / rest) * (1 - fixed)));
}
