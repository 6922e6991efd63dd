// What every screen shares: language, theme, route, time. Texts and figures are asked through it,
// so that a change of language redraws them.

import * as format from './format';
import {
  loadAll,
  loadFirst,
  named,
  phraseFact,
  plural,
  translate,
  type Key,
  type Language,
  type PluralKey,
  type Values,
} from './i18n';
import type { Fact } from './api/types';
import { parseRoute, type Route } from './route';

const LANGUAGE_KEY = 'desserte.language';
const THEME_KEY = 'desserte.theme';
/** How often durations of running outages are redrawn. */
const TICK_MS = 1_000;

/** A browser may refuse storage (private window, policy): the page then keeps no choice. */
function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // See `stored`.
  }
}

function firstLanguage(route: Route): Language {
  const wanted = route.query.get('lang') ?? stored(LANGUAGE_KEY);
  return wanted === 'en' ? 'en' : 'fr';
}

class AppState {
  route = $state.raw<Route>(parseRoute(location.hash));
  language = $state<Language>('fr');
  theme = $state<'light' | 'dark'>('light');
  timeZone = $state('UTC');
  now = $state(Date.now());

  constructor() {
    this.language = firstLanguage(this.route);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const theme = stored(THEME_KEY);
    this.theme = theme === 'light' || theme === 'dark' ? theme : dark.matches ? 'dark' : 'light';
    dark.addEventListener('change', (event) => {
      if (stored(THEME_KEY) === null) this.theme = event.matches ? 'dark' : 'light';
    });
    addEventListener('hashchange', () => {
      this.route = parseRoute(location.hash);
      const lang = this.route.query.get('lang');
      if (lang === 'fr' || lang === 'en') void this.setLanguage(lang);
    });
    setInterval(() => (this.now = Date.now()), TICK_MS);
  }

  /** Before the page is drawn: a language that cannot be loaded leaves the French texts. */
  async begin(): Promise<void> {
    try {
      await loadFirst(this.language);
    } catch {
      this.language = 'fr';
    }
  }

  /** The texts come first, so that no screen shows a key. Without them the language stays. */
  async setLanguage(language: Language): Promise<void> {
    try {
      await loadAll(language);
    } catch {
      return;
    }
    this.language = language;
    keep(LANGUAGE_KEY, language);
  }

  toggleTheme(): void {
    this.theme = this.theme === 'dark' ? 'light' : 'dark';
    keep(THEME_KEY, this.theme);
  }
}

export const app = new AppState();

export const t = (key: Key, values?: Values): string => translate(app.language, key, values);
export const tn = (key: PluralKey, count: number, values?: Values): string =>
  plural(app.language, key, count, format.integer(app.language, count), values);
export const name = (prefix: string, code: string): string => named(app.language, prefix, code);
/** "label: " in English, "label : " with its no-break space in French. */
export const colon = (): string => (app.language === 'fr' ? '\u00a0: ' : ': ');
export const fact = (item: Fact): string => phraseFact(app.language, item);

export const f = {
  integer: (value: number | null) => format.integer(app.language, value),
  decimal: (value: number | null, digits: number) => format.decimal(app.language, value, digits),
  compact: (value: number) => format.compact(app.language, value),
  percent: (text: string | null, digits?: number) =>
    format.percentText(app.language, text, digits),
  share: (value: number | null) => format.share(app.language, value),
  wholeShare: (value: number) => format.wholeShare(app.language, value),
  ms: (rttUs: number | null) => format.milliseconds(app.language, rttUs),
  mbps: (bitsPerSecond: number | null) => format.megabits(app.language, bitsPerSecond),
  dateTime: (text: string | null) => format.dateTime(app.language, text, app.timeZone),
  day: (text: string | null) => format.day(app.language, text, app.timeZone),
  month: (month: string) => format.monthName(app.language, month),
  axisTime: (unixS: number, span: number) =>
    format.axisTime(app.language, unixS, span, app.timeZone),
  duration: (seconds: number | null) => format.duration(app.language, seconds),
  minutes: (text: string | null) => format.minutes(app.language, text),
  position: (latitude: number, longitude: number) =>
    format.position(app.language, latitude, longitude),
};
