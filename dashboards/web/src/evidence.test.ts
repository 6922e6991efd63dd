import { beforeAll, describe, expect, it } from 'vitest';

import type { EvidenceEvent } from './api/types';
import { phraseEvent, toneOf } from './evidence';
import { loadAll } from './i18n';

const event = (code: string, values: EvidenceEvent['values'] = {}): EvidenceEvent => ({
  at: '2026-06-15T12:00:00Z',
  agent: 'a',
  line: null,
  code,
  values,
});

beforeAll(async () => {
  await Promise.all([loadAll('fr'), loadAll('en')]);
});

describe('phraseEvent', () => {
  it('tells a restart that was meant from one that was not, and from one nobody knows of', () => {
    expect(phraseEvent('en', event('machine_restarted', { clean: true }))).toMatch(/deliberate stop\.$/);
    expect(phraseEvent('en', event('machine_restarted', { clean: false }))).toMatch(/power cut or unplugged/);
    expect(phraseEvent('en', event('machine_restarted', { clean: null }))).toMatch(/not known/);
  });
  it('puts lengths and charges in the sentence', () => {
    expect(phraseEvent('fr', event('suspended', { milliseconds: 90_000 }))).toContain('1\u00a0min 30\u00a0s');
    expect(phraseEvent('en', event('clock_stepped', { milliseconds: -250 }))).toContain('250\u00a0ms');
    expect(phraseEvent('fr', event('mains_lost', { battery_percent: 80 }))).toContain('80');
    expect(phraseEvent('fr', event('mains_lost', { battery_percent: null }))).toBe('Le secteur a disparu.');
  });
  it('shows a code raw when the server knows more than the page', () => {
    expect(phraseEvent('fr', event('solar_storm'))).toBe('solar_storm');
  });
});

describe('toneOf', () => {
  it('is bad news, good news or neither', () => {
    expect(toneOf(event('carrier_lost'))).toBe('amiss');
    expect(toneOf(event('carrier_back'))).toBe('again');
    expect(toneOf(event('machine_restarted', { clean: false }))).toBe('amiss');
    expect(toneOf(event('machine_restarted', { clean: true }))).toBe('plain');
    expect(toneOf(event('first_start'))).toBe('plain');
  });
});
