// The Leaflet half of the map: vector base and the canvas of sites. Loaded on demand, so that the
// first screen appears without Leaflet.

import L from 'leaflet';
import 'leaflet/dist/leaflet.css';

import type { Country, FeatureCollection, MapColumns, Place } from '../api/types';
import { cluster, hit, project, radius, type Mark } from './cluster';
import { drawCluster, drawLabel, drawSite } from './draw';
import { borders, ringsOf, roomForName, wrap } from './label';
import { readPalette, type Palette } from './palette';

/** How far from a mark a click still counts, in pixels: a fingertip's inaccuracy. */
const CLICK_MARGIN_PX = 6;
const ZOOM_MAX = 17;
/** Most place names drawn at once; more would hide the sites. */
const LABELS_MAX = 40;
/** Letters in a line of a neighbour's name. */
const NAME_LETTERS = 16;

export interface Base {
  country: Country;
  regions: FeatureCollection | null;
  border: FeatureCollection | null;
  neighbours: FeatureCollection | null;
  places: Place[];
}

export interface Scene {
  columns: MapColumns;
  rows: number[];
  grouped: boolean;
  language: 'fr' | 'en';
  /** Text inside a cluster, and the tooltip of a mark. */
  label(count: number): string;
  describe(mark: Mark): string;
}

type Shape = 'regions' | 'border' | 'neighbours';

export class SiteMap {
  readonly map: L.Map;
  #palette: Palette;
  #scene: Scene | null = null;
  /** Marks of the whole country at a zoom, kept while the map is only moved. */
  #clustered: { zoom: number; marks: Mark[] } | null = null;
  /** Those in view, in pixels of the view. */
  #marks: Mark[] = [];
  #canvas: HTMLCanvasElement;
  #tooltip = L.tooltip({ direction: 'top', opacity: 1, className: 'map-tip' });
  #shapes: [Shape, L.GeoJSON][] = [];

  constructor(
    private readonly element: HTMLElement,
    private readonly base: Base,
    private readonly onSite: (row: number) => void,
  ) {
    this.#palette = readPalette(element);
    this.map = L.map(element, {
      preferCanvas: true,
      zoomControl: false,
      attributionControl: false,
      zoomSnap: 0.5,
      maxZoom: ZOOM_MAX,
      // The canvas of sites is redrawn at the end of a movement: an animated one would tear.
      zoomAnimation: false,
      fadeAnimation: false,
      markerZoomAnimation: false,
    });
    this.#addShape('neighbours', base.neighbours && asLines(base.neighbours));
    this.#addShape('regions', base.regions);
    this.#addShape('border', base.border);
    this.#canvas = L.DomUtil.create('canvas', 'sites', this.map.createPane('sites'));
    this.#canvas.setAttribute('aria-hidden', 'true');
    this.map.on('move zoom viewreset resize', () => this.draw());
    this.map.on('mousemove', (event) => this.#hover(event));
    this.map.on('mouseout', () => this.map.closeTooltip(this.#tooltip));
    this.map.on('click', (event) => this.#click(event));
    this.home();
  }

  home(): void {
    const [west, south, east, north] = this.base.country.bounds;
    this.map.fitBounds([
      [south, west],
      [north, east],
    ]);
    this.map.setMinZoom(Math.max(1, this.map.getZoom() - 3));
  }

  zoomBy(step: number): void {
    this.map.setZoom(this.map.getZoom() + step);
  }

  show(scene: Scene): void {
    this.#scene = scene;
    this.#clustered = null;
    this.draw();
  }

  /** Reads the colours again after a change of theme. */
  restyle(): void {
    this.#palette = readPalette(this.element);
    for (const [shape, layer] of this.#shapes) layer.setStyle(this.#style(shape));
    this.draw();
  }

  resize(): void {
    this.map.invalidateSize({ pan: false });
  }

  fit(points: [number, number][]): void {
    if (points.length) this.map.fitBounds(points, { padding: [30, 30], maxZoom: 11 });
  }

  destroy(): void {
    this.map.remove();
  }

  #style(shape: Shape): L.PathOptions {
    const palette = this.#palette;
    if (shape === 'neighbours') {
      return { color: palette.neighbour, weight: 1, fill: false, interactive: false };
    }
    if (shape === 'regions') {
      return {
        color: palette.region,
        weight: 1,
        dashArray: '3 3',
        fillColor: palette.land,
        fillOpacity: 1,
        interactive: false,
      };
    }
    return { color: palette.border, weight: 1.75, fill: false, interactive: false };
  }

  #addShape(shape: Shape, data: FeatureCollection | null): void {
    if (!data) return;
    const layer = L.geoJSON(data as Parameters<typeof L.geoJSON>[0], {
      style: () => this.#style(shape),
      interactive: false,
    });
    layer.addTo(this.map);
    this.#shapes.push([shape, layer]);
  }

  draw(): void {
    const size = this.map.getSize();
    const scale = window.devicePixelRatio || 1;
    const canvas = this.#canvas;
    const width = Math.round(size.x * scale);
    const height = Math.round(size.y * scale);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${size.x}px`;
      canvas.style.height = `${size.y}px`;
    }
    L.DomUtil.setPosition(canvas, this.map.containerPointToLayerPoint([0, 0]));
    const context = canvas.getContext('2d');
    if (!context) return;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, size.x, size.y);
    this.#drawMarks(context, size);
  }

  #drawMarks(context: CanvasRenderingContext2D, size: L.Point): void {
    const zoom = this.map.getZoom();
    const centre = this.map.getCenter();
    const [cx, cy] = project(centre.lat, centre.lng, zoom);
    const left = cx - size.x / 2;
    const top = cy - size.y / 2;
    const scene = this.#scene;
    if (scene && this.#clustered?.zoom !== zoom) {
      this.#clustered = {
        zoom,
        marks: cluster(scene.columns, scene.rows, zoom, scene.grouped),
      };
    }
    this.#marks = (this.#clustered?.marks ?? [])
      .map((mark) => ({ ...mark, x: mark.x - left, y: mark.y - top }))
      .filter((m) => m.x > -40 && m.y > -40 && m.x < size.x + 40 && m.y < size.y + 40);
    this.#drawNames(context);
    if (!scene) return;
    const single = scene.grouped ? 7 : Math.max(3.5, Math.min(8, zoom - 4));
    // What is wrong is drawn last, over what works.
    const rank = (mark: Mark) => (scene.columns.state[mark.row] === 'down' ? 1 : 0);
    for (const mark of [...this.#marks].sort((a, b) => rank(a) - rank(b) || b.count - a.count)) {
      if (mark.count > 1) {
        drawCluster(context, this.#palette, mark, [mark.x, mark.y], scene.label(mark.count));
      } else {
        const state = scene.columns.state[mark.row] ?? 'unknown';
        drawSite(context, this.#palette, state, [mark.x, mark.y, single]);
      }
    }
    this.#drawPlaces(context, size);
  }

  #drawNames(context: CanvasRenderingContext2D): void {
    const pixelsPerDegree = (256 * 2 ** this.map.getZoom()) / 360;
    const bounds = this.map.getBounds();
    const view = {
      west: bounds.getWest(),
      south: bounds.getSouth(),
      east: bounds.getEast(),
      north: bounds.getNorth(),
    };
    const language = this.#scene?.language ?? 'fr';
    for (const { properties, geometry } of this.base.neighbours?.features ?? []) {
      const own = language === 'fr' ? properties?.name_fr : properties?.name_en;
      const name = own ?? properties?.name ?? properties?.name_fr ?? properties?.name_en;
      const room = name ? roomForName(ringsOf(geometry), view) : null;
      if (!name || !room) continue;
      const lines = wrap(name.toLocaleUpperCase(language), NAME_LETTERS);
      const width = Math.max(...lines.map((line) => line.length)) * 8.5;
      if (room.width * pixelsPerDegree < width) continue;
      const point = this.map.latLngToContainerPoint([room.latitude, room.longitude]);
      lines.forEach((line, i) => {
        const y = point.y + (i - (lines.length - 1) / 2) * 14;
        drawLabel(context, line, [point.x, y], {
          color: this.#palette.muted,
          halo: this.#palette.sea,
          size: 11,
          bold: true,
        });
      });
    }
  }

  /** Names of places, the most populous first, where they cover neither a mark nor a name. */
  #drawPlaces(context: CanvasRenderingContext2D, size: L.Point): void {
    const taken: [number, number, number, number][] = this.#marks.map((mark) => {
      const r = radius(mark);
      return [mark.x - r, mark.y - r, mark.x + r, mark.y + r];
    });
    let drawn = 0;
    for (const [rank, place] of this.base.places.entries()) {
      if (drawn >= LABELS_MAX) break;
      if (place.name === null) continue;
      const point = this.map.latLngToContainerPoint([place.latitude, place.longitude]);
      if (point.x < 0 || point.y < 0 || point.x > size.x || point.y > size.y) continue;
      const bold = rank < 2;
      const half = place.name.length * (bold ? 3.9 : 3.4) + 2;
      for (const dy of [-25, 25, -38, 38, -14, 14]) {
        const box: [number, number, number, number] = [
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
          color: this.#palette.text,
          halo: this.#palette.land,
          size: bold ? 13 : 11.5,
          bold,
        });
        drawn += 1;
        break;
      }
    }
  }

  #hover(event: L.LeafletMouseEvent): void {
    const mark = hit(this.#marks, event.containerPoint.x, event.containerPoint.y, 2);
    this.element.classList.toggle('over-mark', mark !== null);
    if (!mark || !this.#scene) {
      this.map.closeTooltip(this.#tooltip);
      return;
    }
    const text = document.createElement('span');
    text.textContent = this.#scene.describe(mark);
    this.#tooltip
      .setLatLng(this.map.containerPointToLatLng([mark.x, mark.y - radius(mark)]))
      .setContent(text);
    this.map.openTooltip(this.#tooltip);
  }

  #click(event: L.LeafletMouseEvent): void {
    const point = event.containerPoint;
    const mark = hit(this.#marks, point.x, point.y, CLICK_MARGIN_PX);
    if (!mark) return;
    if (mark.count === 1) {
      this.onSite(mark.row);
      return;
    }
    const { south, west, north, east } = mark.bounds;
    const before = this.map.getZoom();
    this.map.fitBounds(
      [
        [south, west],
        [north, east],
      ],
      { padding: [40, 40], maxZoom: ZOOM_MAX },
    );
    // Sites at one position cannot be parted by fitting: go on inwards all the same.
    if (this.map.getZoom() <= before) this.map.setZoom(before + 2);
  }
}

/** Neighbours are drawn as lines: their area is the sea's colour, and a cut edge is no border. */
function asLines(collection: FeatureCollection): FeatureCollection {
  const coordinates = borders(collection);
  const geometry = { type: 'MultiLineString', coordinates };
  return { type: 'FeatureCollection', features: [{ type: 'Feature', properties: null, geometry }] };
}
