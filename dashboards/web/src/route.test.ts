import { describe, expect, it } from 'vitest';

import { link, parseRoute } from './route';

describe('routes', () => {
  it('open the overview by default and say when a screen does not exist', () => {
    expect(parseRoute('').screen).toBe('overview');
    expect(parseRoute(link('overview')).screen).toBe('overview');
    expect(parseRoute(link('map', undefined, { region: 'Pool' })).screen).toBe('map');
    expect(parseRoute('#/nowhere').screen).toBe('lost');
    expect(parseRoute('#/sites/').screen).toBe('lost');
  });
  it('come back from a link, whatever the id holds', () => {
    const id = 'CG 1/é?&#';
    const route = parseRoute(link('site', id, { range: 'week', target: null }));
    expect([route.screen, route.id]).toEqual(['site', id]);
    expect(route.query.get('range')).toBe('week');
    expect(route.query.has('target')).toBe(false);
  });
  it('keep what follows the identifier', () => {
    const route = parseRoute('#/agreements/lot%201/2026-06');
    expect([route.screen, route.id, route.rest]).toEqual(['agreements', 'lot 1', ['2026-06']]);
  });
  it('do not break on a malformed escape', () => {
    expect(parseRoute('#/sites/%E0%A4%A').id).toBe('%E0%A4%A');
  });
});
