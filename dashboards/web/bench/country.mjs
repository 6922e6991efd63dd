// A SYNTHETIC country of many sites from a seed: the shipped towns of the Congo, each with sites
// around it in number by its population, within the shipped regions. Nothing of it is kept.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const KINDS = [
  ['school', 62], ['health_centre', 18], ['civil_registry', 5], ['town_hall', 4], ['post', 4],
  ['police', 3], ['hospital', 2], ['court', 1], ['ministry', 1],
];
/** Shares of the states, as a country at work has them (the picture's, not a measurement). */
export const STATE_SHARES = [['up', 0.893], ['degraded', 0.044], ['down', 0.033], ['excluded', 0.011], ['unknown', 0.019]];

/** Numbers in [0, 1) from a seed (Numerical Recipes' linear congruence, its high bits). */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

export function chosen(shares, draw) {
  const total = shares.reduce((sum, [, part]) => sum + part, 0);
  let rest = draw * total;
  for (const [name, part] of shares) {
    rest -= part;
    if (rest < 0) return name;
  }
  return shares.at(-1)[0];
}

function inside(rings, x, y) {
  let odd = false;
  for (const ring of rings) {
    for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
      const [x1, y1] = ring[i];
      const [x2, y2] = ring[j];
      if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) odd = !odd;
    }
  }
  return odd;
}

/** The CSV text of `count` sites. */
export function sitesCsv(folder, count, seed) {
  const draw = random(seed);
  const regions = JSON.parse(readFileSync(join(folder, 'regions.geojson'), 'utf8')).features.map((feature) => ({
    name: feature.properties.name,
    rings: feature.geometry.type === 'Polygon' ? feature.geometry.coordinates : feature.geometry.coordinates.flat(),
  }));
  const towns = readFileSync(join(folder, 'places.csv'), 'utf8').trim().split('\n').slice(1).map((line) => {
    const [, name, latitude, longitude, population] = line.split(',');
    return [{ name, latitude: Number(latitude), longitude: Number(longitude) }, Math.sqrt(Number(population) || 1_000)];
  });
  const lines = ['id,name,kind,latitude,longitude,place,region,operator,invented'];
  while (lines.length <= count) {
    const town = chosen(towns, draw());
    // Dense in the town, thin over the country around it.
    const distance = 0.01 + 1.6 * draw() ** 3;
    const angle = 2 * Math.PI * draw();
    const latitude = town.latitude + distance * Math.sin(angle);
    const longitude = town.longitude + distance * Math.cos(angle);
    const region = regions.find(({ rings }) => inside(rings, longitude, latitude));
    if (!region) continue;
    const kind = chosen(KINDS, draw());
    const number = lines.length;
    lines.push([
      `SY-${String(number).padStart(6, '0')}`, `${kind} ${number} (synthétique)`, kind,
      latitude.toFixed(5), longitude.toFixed(5), town.name, region.name,
      draw() < 0.6 ? 'Opérateur A (synthétique)' : 'Opérateur B (synthétique)', 'true',
    ].join(','));
  }
  return `${lines.join('\n')}\n`;
}
