// Strokes on a canvas: a shape a state, a ring a cluster, a label with a halo.

import { SITE_STATES, type SiteState } from '../api/types';
import type { Mark } from './cluster';
import { radius, visibleShares } from './cluster';
import type { SiteColumns } from './columns';
import type { Palette } from './palette';

type Context = CanvasRenderingContext2D;

function path(context: Context, state: SiteState, x: number, y: number, r: number): void {
  context.beginPath();
  if (state === 'degraded') {
    context.moveTo(x, y - r * 1.15);
    context.lineTo(x + r * 1.15, y);
    context.lineTo(x, y + r * 1.15);
    context.lineTo(x - r * 1.15, y);
    context.closePath();
  } else if (state === 'down') {
    context.moveTo(x, y - r * 1.1);
    context.lineTo(x + r * 1.1, y + r * 0.85);
    context.lineTo(x - r * 1.1, y + r * 0.85);
    context.closePath();
  } else if (state === 'excluded') {
    context.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
  } else {
    context.arc(x, y, r, 0, 2 * Math.PI);
  }
}

export function drawSite(
  context: Context,
  palette: Palette,
  state: SiteState,
  [x, y, r]: [number, number, number],
): void {
  path(context, state, x, y, r);
  const hue = palette.states[state];
  context.fillStyle = state === 'unknown' ? palette.surface : hue;
  context.fill();
  context.lineWidth = state === 'unknown' ? 2 : 1.25;
  context.strokeStyle = state === 'unknown' ? hue : palette.surface;
  context.stroke();
}

export function drawCluster(
  context: Context,
  palette: Palette,
  mark: Mark,
  [x, y]: [number, number],
  label: string,
): void {
  const r = radius(mark);
  const width = Math.max(4, r * 0.26);
  context.beginPath();
  context.arc(x, y, r, 0, 2 * Math.PI);
  context.fillStyle = palette.surface;
  context.fill();
  const shares = visibleShares(mark.states);
  let angle = -Math.PI / 2;
  SITE_STATES.forEach((state, index) => {
    const part = (shares[index] ?? 0) * 2 * Math.PI;
    if (part === 0) return;
    context.beginPath();
    context.arc(x, y, r - width / 2, angle, angle + part);
    context.lineWidth = width;
    context.strokeStyle = palette.states[state];
    context.stroke();
    angle += part;
  });
  // A thin red circle outside: one site in ten is down, seen from afar and not by the ring alone.
  const down = mark.states[SITE_STATES.indexOf('down')] ?? 0;
  if (down * 10 >= mark.count) {
    context.beginPath();
    context.arc(x, y, r + 2.5, 0, 2 * Math.PI);
    context.lineWidth = 1.5;
    context.strokeStyle = palette.states.down;
    context.stroke();
  }
  context.font = `600 ${r > 18 ? 12 : 11}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillStyle = palette.text;
  context.fillText(label, x, y + 0.5);
}

export const FONT = 'system-ui, "DejaVu Sans", sans-serif';

export function drawLabel(
  context: Context,
  text: string,
  [x, y]: [number, number],
  style: { color: string; halo: string; size: number; bold: boolean },
): void {
  context.font = `${style.bold ? '600 ' : ''}${style.size}px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.lineJoin = 'round';
  context.lineWidth = 3;
  context.strokeStyle = style.halo;
  context.strokeText(text, x, y);
  context.fillStyle = style.color;
  context.fillText(text, x, y);
}

/** Painted in this order: what is wrong comes last, over what works. */
const DOT_ORDER: readonly SiteState[] = ['unknown', 'up', 'excluded', 'degraded', 'down'];
/** Side of a dot, CSS pixels: where so many stand close, a shape would hide its neighbours. */
const DOT_PX = 3;

/** `#rrggbb` as the pixel of a little-endian canvas. */
function pixel(color: string): number {
  const rgb = Number.parseInt(color.slice(1), 16);
  return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

/**
 * A dot a site, written straight into the canvas' pixels: a hundred thousand paths would take
 * longer than a picture lasts.
 */
export function drawDots(
  context: Context,
  palette: Palette,
  columns: SiteColumns,
  rows: readonly number[],
  to: { left: number; top: number; zoom: number; scale: number },
): void {
  const { width, height } = context.canvas;
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const world = 2 ** to.zoom * to.scale;
  const left = to.left * to.scale;
  const top = to.top * to.scale;
  for (const state of DOT_ORDER) {
    const code = SITE_STATES.indexOf(state);
    const ink = pixel(palette.states[state]);
    // What is down is larger too: hue alone is not seen by everybody.
    const size = state === 'down' ? DOT_PX + 1 : DOT_PX;
    const side = Math.max(2, Math.round(size * to.scale));
    for (const row of rows) {
      if (columns.state[row] !== code) continue;
      const x = Math.round((columns.x[row] ?? 0) * world - left - side / 2);
      const y = Math.round((columns.y[row] ?? 0) * world - top - side / 2);
      if (x < 0 || y < 0 || x + side > width || y + side > height) continue;
      for (let line = y; line < y + side; line += 1) {
        pixels.fill(ink, line * width + x, line * width + x + side);
      }
    }
  }
  context.putImageData(image, 0, 0);
}
