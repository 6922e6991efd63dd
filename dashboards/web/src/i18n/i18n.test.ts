import { beforeAll, describe, expect, it } from 'vitest';

import { CAUSES, SITE_KINDS, SITE_STATES } from '../api/types';
import { en } from './en';
import { factsEn } from './facts.en';
import { factsFr } from './facts.fr';
import { fr } from './fr';
import { loadAll, named, phraseFact, plural, translate, withUnit } from './index';

beforeAll(async () => {
  await Promise.all([loadAll('fr'), loadAll('en')]);
});

const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('dictionaries', () => {
  it('hold the same keys with the same values in both languages', () => {
    expect(Object.keys(en).sort()).toEqual(Object.keys(fr).sort());
    for (const [key, text] of Object.entries(fr)) {
      expect([key, names(en[key as keyof typeof fr])]).toEqual([key, names(text)]);
    }
    expect(Object.keys(factsEn).sort()).toEqual(Object.keys(factsFr).sort());
    for (const [key, text] of Object.entries(factsFr)) {
      expect([key, names(factsEn[key as keyof typeof factsFr])]).toEqual([key, names(text)]);
    }
  });
  it('name every member of the closed lists', () => {
    for (const language of ['fr', 'en'] as const) {
      for (const state of SITE_STATES) expect(named(language, 'state', state)).not.toBe(state);
      for (const kind of SITE_KINDS) expect(named(language, 'kind', kind)).not.toBe(kind);
      for (const cause of CAUSES) expect(named(language, 'cause', cause)).not.toBe(cause);
    }
  });
  it('never put an ordinary space before a double mark in French', () => {
    for (const text of [...Object.values(fr), ...Object.values(factsFr)]) {
      expect(text).not.toMatch(/ [:;!?»]|« /);
    }
  });
  it('hold no text that nothing shows', () => {
    const files = import.meta.glob<string>(['../**/*.{svelte,ts}', '!../**/*.test.ts', '!./*.ts'], {
      query: '?raw',
      import: 'default',
      eager: true,
    });
    expect(Object.keys(files).length).toBeGreaterThan(20);
    const source = Object.values(files).join('\n');
    // Families of keys that are made from a code of the server.
    const families = /^(state|kind|cause|error|layer|strip|criterion|reason|unit|live|nav|month|range|agentState|importWhat|importState|importField|importReason|importKept|importScheme|importClass|verdict|sort|step|dayLevel|liability|way|exclusionKind|exclusionState|event|reach|targetKind|anchor|preset|rule|repairVerdict|objective|direction|qualityVerdict|technology|action|actionReason|barrier|factor|costsSet|role|roleDoes|personState|tokenState|signIn)\./;
    const dead = Object.keys(fr).filter((key) => {
      const base = key.replace(/_(one|other)$/, '');
      return !families.test(key) && !source.includes(`'${base}'`);
    });
    expect(dead).toEqual([]);
  });
});

describe('plural', () => {
  it('follows the rules of each language', () => {
    expect(plural('fr', 'agent.records', 0, '0')).toBe('0 enregistrement');
    expect(plural('en', 'agent.records', 0, '0')).toBe('0 records');
    expect(plural('fr', 'agent.records', 2, '2')).toBe('2 enregistrements');
  });
});

describe('named', () => {
  it('shows a code raw when the server knows more than the page', () => {
    expect(named('fr', 'cause', 'solar_storm')).toBe('solar_storm');
  });
  it('keeps an unknown unit beside its value', () => {
    expect(withUnit('fr', 'furlong', '3')).toBe('3\u00a0furlong');
    expect(withUnit('en', 'inhabitants', '3')).toBe('3\u00a0people');
  });
});

describe('phraseFact', () => {
  it('puts the values in the sentence', () => {
    const fact = { code: 'first_hop_probe', values: { sent: 12, received: 0 } };
    expect(phraseFact('fr', fact)).toBe(
      'Premier équipement de l’opérateur\u00a0: 0 réponses sur 12.',
    );
    expect(phraseFact('en', fact)).toBe('Operator’s first device: 0 of 12 answered.');
  });
  it('shows an unknown code raw with its values', () => {
    expect(phraseFact('fr', { code: 'new_fact', values: { seconds: 3, sure: null } })).toBe(
      'new_fact (seconds = 3, sure = inconnu)',
    );
    expect(phraseFact('en', { code: 'new_fact', values: {} })).toBe('new_fact');
  });
  it('never shows a sentence with a hole', () => {
    expect(phraseFact('en', { code: 'gateway_probe', values: { sent: 5 } })).toBe(
      'gateway_probe (sent = 5)',
    );
  });
});

describe('translate', () => {
  it('leaves an unfilled name visible', () => {
    expect(translate('en', 'agreement.version')).toBe('Version {version}');
  });
});
