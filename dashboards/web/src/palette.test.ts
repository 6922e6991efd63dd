import { describe, expect, it } from 'vitest';

import css from './app.css?raw';
import { SITE_STATES } from './api/types';

/** The variables of a theme's block in the style sheet. */
function theme(selector: string): Record<string, string> {
  const block = css.slice(css.indexOf(`${selector} {`)).split('}')[0] ?? '';
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]),
  );
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string | undefined, other: string | undefined): number {
  if (!one || !other) return 0;
  const [high = 0, low = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}

describe.each([
  ['light', ':root'],
  ['dark', ":root[data-theme='dark']"],
])('the %s theme', (_, selector) => {
  const colors = theme(selector);

  it('draws every state at 3:1 on the map’s land, on its sea and on cards', () => {
    for (const state of SITE_STATES) {
      for (const ground of ['map-land', 'map-sea', 'surface']) {
        expect([state, ground, contrast(colors[state], colors[ground]) >= 3]).toEqual([
          state,
          ground,
          true,
        ]);
      }
    }
  });
  it('draws the parts of a score at 3:1', () => {
    for (const part of ['c0', 'c1', 'c2', 'c3', 'c4', 'c5']) {
      expect([part, contrast(colors[part], colors.surface) >= 3]).toEqual([part, true]);
    }
  });
  it('writes at 4.5:1', () => {
    const pairs = [
      ['text', 'bg'],
      ['text', 'surface'],
      ['soft', 'bg'],
      ['soft', 'surface'],
      ['soft', 'surface-2'],
      ['accent', 'surface'],
      ['accent-text', 'accent'],
      ['text', 'warn-bg'],
      ['map-muted', 'map-sea'],
    ] as const;
    const weak = pairs.filter(([ink, ground]) => contrast(colors[ink], colors[ground]) < 4.5);
    expect(weak).toEqual([]);
  });
});
