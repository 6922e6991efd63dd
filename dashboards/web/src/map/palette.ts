// One shape and one hue a state, from the page's own CSS variables, so that the canvas follows the
// theme. The hues keep 3:1 against the land of their theme and differ in lightness too.

import type { SiteState } from '../api/types';

export interface Palette {
  states: Record<SiteState, string>;
  land: string;
  sea: string;
  border: string;
  region: string;
  neighbour: string;
  text: string;
  muted: string;
  surface: string;
  accent: string;
}

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  return {
    states: {
      up: of('up'),
      degraded: of('degraded'),
      down: of('down'),
      excluded: of('excluded'),
      unknown: of('unknown'),
    },
    land: of('map-land'),
    sea: of('map-sea'),
    border: of('map-border'),
    region: of('map-region'),
    neighbour: of('map-neighbour'),
    text: of('text'),
    muted: of('map-muted'),
    surface: of('surface'),
    accent: of('accent'),
  };
}
