// The Leaflet half of the map: vector base and the canvas of sites. Loaded on demand, so that the
// first screen appears without Leaflet.
//
// The canvas is larger than the view by a margin on every side: a movement within the margin moves
// the picture that is there and draws nothing, so that panning costs the same for ten sites and
// for a hundred thousand.

import L from 'leaflet';
import 'leaflet/dist/leaflet.css';

import type { Country, FeatureCollection, Place } from '../api/types';
import {
  cluster,
  hit,
  radius,
  rowsWithin,
  singles,
  ZOOM_WITHOUT_CLUSTERS,
  type Mark,
  type View,
} from './cluster';
import type { SiteColumns } from './columns';
import { drawCluster, drawDots, drawSite } from './draw';
import { borders } from './label';
import { drawNames, drawPlaces } from './names';
import { readPalette, type Palette } from './palette';

/** How far from a mark a click still counts, in pixels: a fingertip's inaccuracy. */
const CLICK_MARGIN_PX = 6;
const ZOOM_MAX = 17;
/** Margin of the canvas beyond the view, as a share of the view's size on each side. */
const MARGIN = 0.4;
/** More sites than this in the canvas are dots: their shapes would cover one another. */
const SHAPES_MAX = 4_000;
/** A finer canvas than this costs memory on a phone and is seen by nobody. */
const DEVICE_SCALE_MAX = 2;

export interface Base {
  country: Country;
  regions: FeatureCollection | null;
  border: FeatureCollection | null;
  neighbours: FeatureCollection | null;
  places: Place[];
}

export interface Scene {
  columns: SiteColumns;
  rows: ArrayLike<number>;
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
  /** Rings of the whole country at a zoom, kept while the map is only moved. */
  #clustered: { zoom: number; marks: Mark[] } | null = null;
  /** Marks and dots of the canvas as it is, and the world pixels that it covers. */
  #marks: Mark[] = [];
  #dots: number[] = [];
  #covered: { zoom: number; view: View } | null = null;
  #frame = 0;
  #hovered: L.Point | null = null;
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
      renderer: L.canvas({ padding: MARGIN }),
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
    this.map.on('move', () => {
      if (!this.#covers()) this.#schedule();
    });
    this.map.on('moveend zoomend viewreset resize', () => this.#schedule());
    this.map.on('mousemove', (event) => this.#hover(event.containerPoint));
    this.map.on('mouseout', () => this.#leave());
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
    this.#schedule();
  }

  /** What a mark is called may be known only now: the tooltip that is open is written again. */
  renamed(): void {
    if (this.#hovered) this.#hover(this.#hovered);
  }

  /** Reads the colours again after a change of theme. */
  restyle(): void {
    this.#palette = readPalette(this.element);
    for (const [shape, layer] of this.#shapes) layer.setStyle(this.#style(shape));
    this.#schedule();
  }

  resize(): void {
    this.map.invalidateSize({ pan: false });
  }

  fit(points: [number, number][]): void {
    if (points.length) this.map.fitBounds(points, { padding: [30, 30], maxZoom: 11 });
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame);
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

  /** World pixels of the view, with a margin of so many pixels. */
  #view(marginX = 0, marginY = 0): View {
    const { min, max } = this.map.getPixelBounds();
    if (!min || !max) return { left: 0, top: 0, right: 0, bottom: 0 };
    return {
      left: min.x - marginX,
      top: min.y - marginY,
      right: max.x + marginX,
      bottom: max.y + marginY,
    };
  }

  /** Whether the canvas as it is covers the view. */
  #covers(): boolean {
    if (this.#covered?.zoom !== this.map.getZoom()) return false;
    const covered = this.#covered.view;
    const view = this.#view();
    return (
      view.left >= covered.left &&
      view.top >= covered.top &&
      view.right <= covered.right &&
      view.bottom <= covered.bottom
    );
  }

  /** Draws before the next picture, once however often it is asked for. */
  #schedule(): void {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw(): void {
    const size = this.map.getSize();
    const margin = { x: Math.round(size.x * MARGIN), y: Math.round(size.y * MARGIN) };
    const wide = size.x + 2 * margin.x;
    const high = size.y + 2 * margin.y;
    const scale = Math.min(window.devicePixelRatio || 1, DEVICE_SCALE_MAX);
    const canvas = this.#canvas;
    const width = Math.round(wide * scale);
    const height = Math.round(high * scale);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      canvas.style.width = `${wide}px`;
      canvas.style.height = `${high}px`;
    }
    L.DomUtil.setPosition(canvas, this.map.containerPointToLayerPoint([-margin.x, -margin.y]));
    const context = canvas.getContext('2d');
    if (!context) return;
    const view = this.#view(margin.x, margin.y);
    this.#covered = { zoom: this.map.getZoom(), view };
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, wide, high);
    this.#collect(view);
    // Dots replace every pixel of the canvas: they come first.
    if (this.#scene && this.#dots.length) {
      drawDots(context, this.#palette, this.#scene.columns, this.#dots, {
        left: view.left,
        top: view.top,
        zoom: this.map.getZoom(),
        scale,
      });
    }
    const toCanvas = (latitude: number, longitude: number) => {
      const at = this.map.project([latitude, longitude]);
      return { x: at.x - view.left, y: at.y - view.top };
    };
    drawNames(context, this.#palette, this.base.neighbours, {
      language: this.#scene?.language ?? 'fr',
      bounds: this.map.getBounds(),
      pixelsPerDegree: (256 * 2 ** this.map.getZoom()) / 360,
      toCanvas,
    });
    if (!this.#scene) return;
    this.#drawMarks(context, view, this.#scene);
    drawPlaces(context, this.#palette, this.base.places, {
      size: { x: wide, y: high },
      taken: this.#marks.map((mark) => {
        const [x, y, r] = [mark.x - view.left, mark.y - view.top, radius(mark)];
        return [x - r, y - r, x + r, y + r];
      }),
      toCanvas,
    });
  }

  /** What stands in this part of the world: rings, single sites, or dots. */
  #collect(view: View): void {
    const zoom = this.map.getZoom();
    const scene = this.#scene;
    this.#marks = [];
    this.#dots = [];
    if (!scene) return;
    if (scene.grouped && zoom < ZOOM_WITHOUT_CLUSTERS) {
      if (this.#clustered?.zoom !== zoom) {
        this.#clustered = { zoom, marks: cluster(scene.columns, scene.rows, zoom) };
      }
      this.#marks = this.#clustered.marks.filter(
        ({ x, y }) =>
          x > view.left - 40 && y > view.top - 40 && x < view.right + 40 && y < view.bottom + 40,
      );
      return;
    }
    const rows = rowsWithin(scene.columns, scene.rows, zoom, view);
    if (rows.length > SHAPES_MAX) this.#dots = rows;
    else this.#marks = singles(scene.columns, rows, zoom);
  }

  #drawMarks(context: CanvasRenderingContext2D, view: View, scene: Scene): void {
    const single = scene.grouped ? 7 : Math.max(3.5, Math.min(8, this.map.getZoom() - 4));
    // What is wrong is drawn last, over what works.
    const rank = (mark: Mark) => (scene.columns.stateOf(mark.row) === 'down' ? 1 : 0);
    for (const mark of this.#marks.toSorted((a, b) => rank(a) - rank(b) || b.count - a.count)) {
      const [x, y] = [mark.x - view.left, mark.y - view.top];
      if (mark.count > 1) {
        drawCluster(context, this.#palette, mark, [x, y], scene.label(mark.count));
      } else {
        drawSite(context, this.#palette, scene.columns.stateOf(mark.row), [x, y, single]);
      }
    }
  }

  /** The mark or dot under a point of the view. */
  #under(point: L.Point, margin: number): Mark | null {
    const view = this.#view();
    const [x, y] = [view.left + point.x, view.top + point.y];
    if (!this.#dots.length || !this.#scene) return hit(this.#marks, x, y, margin);
    const near = { left: x - 8, top: y - 8, right: x + 8, bottom: y + 8 };
    const zoom = this.map.getZoom();
    const rows = rowsWithin(this.#scene.columns, this.#dots, zoom, near);
    return hit(singles(this.#scene.columns, rows, zoom), x, y, margin);
  }

  #leave(): void {
    this.#hovered = null;
    this.map.closeTooltip(this.#tooltip);
  }

  #hover(point: L.Point): void {
    const mark = this.#under(point, 2);
    this.element.classList.toggle('over-mark', mark !== null);
    if (!mark || !this.#scene) {
      this.#leave();
      return;
    }
    this.#hovered = point;
    const text = document.createElement('span');
    text.textContent = this.#scene.describe(mark);
    this.#tooltip
      .setLatLng(this.map.unproject([mark.x, mark.y - radius(mark)]))
      .setContent(text);
    this.map.openTooltip(this.#tooltip);
  }

  #click(event: L.LeafletMouseEvent): void {
    const mark = this.#under(event.containerPoint, CLICK_MARGIN_PX);
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
