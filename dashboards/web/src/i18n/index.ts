import type { Fact, FactValue } from '../api/types';
import { firstFr } from './first.fr';
import type { Dictionary, Key } from './fr';

export type Language = 'fr' | 'en';
export type { Key };

export const LANGUAGES: readonly Language[] = ['fr', 'en'];

/** What is loaded of a language so far. French comes first: it is the language of most readers. */
const dictionaries: Record<Language, Partial<Dictionary>> = { fr: firstFr, en: {} };
const facts: Record<Language, Record<string, string>> = { fr: {}, en: {} };

/** The texts of the frame and the overview. */
export async function loadFirst(language: Language): Promise<void> {
  if (language === 'en' && !('app.name' in dictionaries.en)) {
    const { firstEn } = await import('./first.en');
    dictionaries.en = { ...firstEn, ...dictionaries.en };
  }
}

/** All texts: before any screen but the overview is shown. */
export async function loadAll(language: Language): Promise<void> {
  if (language === 'fr') {
    const [{ fr }, { factsFr }] = await Promise.all([import('./fr'), import('./facts.fr')]);
    dictionaries.fr = fr;
    facts.fr = factsFr;
  } else {
    const [{ en }, { factsEn }] = await Promise.all([import('./en'), import('./facts.en')]);
    dictionaries.en = en;
    facts.en = factsEn;
  }
}

export type Values = Record<string, string | number>;

/** Replaces each `{name}`; a name without a value stays visible, so that the fault is seen. */
export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) =>
    name in values ? String(values[name]) : whole,
  );
}

/** A text that is not loaded shows its key, so that the fault is seen. */
export function translate(language: Language, key: Key, values: Values = {}): string {
  return fill(dictionaries[language][key] ?? key, values);
}

/** The base names of keys that exist as `…_one` and `…_other`. */
export type PluralKey = {
  [K in Key]: K extends `${infer Base}_other` ? (`${Base}_one` extends Key ? Base : never) : never;
}[Key];

const rules: Record<Language, Intl.PluralRules> = {
  fr: new Intl.PluralRules('fr'),
  en: new Intl.PluralRules('en'),
};

/** `count` chooses the form; `text` is what is shown in its place. */
export function plural(
  language: Language,
  key: PluralKey,
  count: number,
  text: string,
  values: Values = {},
): string {
  const form = rules[language].select(count) === 'one' ? 'one' : 'other';
  return translate(language, `${key}_${form}` as Key, { ...values, count: text });
}

/** A key made of a prefix and a code from the server; the raw code when the list grew. */
export function named(language: Language, prefix: string, code: string): string {
  const key = `${prefix}.${code}`;
  return dictionaries[language][key as Key] ?? code;
}

function factValue(language: Language, value: FactValue): string {
  if (value === null) return translate(language, 'common.unknown');
  if (typeof value === 'boolean') return translate(language, value ? 'common.yes' : 'common.no');
  if (typeof value === 'number') return new Intl.NumberFormat(language).format(value);
  return value;
}

/**
 * A fact of a verdict as a sentence. A code or a value that the dictionary does not know is shown
 * raw: evidence is never hidden because a page is older than its collector.
 */
export function phraseFact(language: Language, fact: Fact): string {
  const entries = Object.entries(fact.values ?? {});
  const texts = Object.fromEntries(
    entries.map(([name, value]) => [name, factValue(language, value)]),
  );
  const text = facts[language][fact.code];
  if (text !== undefined && !/\{\w+\}/.test(fill(text, texts))) return fill(text, texts);
  const raw = Object.entries(texts).map(([name, value]) => `${name} = ${value}`);
  return raw.length ? `${fact.code} (${raw.join(', ')})` : fact.code;
}

/** A value with its unit; an unknown unit follows the value as it is. */
export function withUnit(language: Language, unit: string, value: string): string {
  const key = `unit.${unit}`;
  return fill(dictionaries[language][key as Key] ?? `{value}\u00a0${unit}`, { value });
}
