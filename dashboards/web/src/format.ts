// Numbers, dates and lengths of time as a person reads them. Everything takes its language (and
// time zone) as a parameter; `null` comes out as the word that the caller gives for "not known".

import type { Language } from './i18n';

const LOCALE: Record<Language, string> = { fr: 'fr-FR', en: 'en-GB' };

const NBSP = '\u00a0';
const NNBSP = '\u202f';
const DASH = '—';

const numberFormats = new Map<string, Intl.NumberFormat>();
const dateFormats = new Map<string, Intl.DateTimeFormat>();

/** Building an Intl formatter costs more than a hundred uses of it: each is made once. */
function numberFormat(language: Language, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = language + JSON.stringify(options);
  let format = numberFormats.get(key);
  if (!format) {
    format = new Intl.NumberFormat(LOCALE[language], options);
    numberFormats.set(key, format);
  }
  return format;
}

function dateFormat(language: Language, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language + JSON.stringify(options);
  let format = dateFormats.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(LOCALE[language], options);
    dateFormats.set(key, format);
  }
  return format;
}

export function integer(language: Language, value: number | null): string {
  return value === null ? DASH : numberFormat(language, { maximumFractionDigits: 0 }).format(value);
}

export function decimal(language: Language, value: number | null, digits: number): string {
  if (value === null) return DASH;
  return numberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** 34 124 → "34 k": for the inside of a cluster, where five digits do not fit. */
export function compact(language: Language, value: number): string {
  return numberFormat(language, { notation: 'compact', maximumSignificantDigits: 2 }).format(value);
}

/**
 * An exact decimal text ("99.988426") as a percentage. Fewer digits are cut, never rounded up:
 * 99.9996 must not be read as 100 %.
 */
export function percentText(language: Language, text: string | null, digits?: number): string {
  if (text === null) return DASH;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) return text;
  const given = text.split('.')[1]?.length ?? 0;
  const shown = digits === undefined ? given : Math.min(digits, given);
  const cut = Math.trunc(Number(`${value}e${shown}`)) / 10 ** shown;
  return decimal(language, cut, shown) + percentSign(language);
}

/** A share between 0 and 1 as a percentage with one digit. */
export function share(language: Language, value: number | null): string {
  return value === null ? DASH : decimal(language, value * 100, 1) + percentSign(language);
}

/** A share between 0 and 1 as a whole percentage. */
export function wholeShare(language: Language, value: number): string {
  return decimal(language, value * 100, 0) + percentSign(language);
}

export function percentSign(language: Language): string {
  return language === 'fr' ? `${NNBSP}%` : '%';
}

export function milliseconds(language: Language, rttUs: number | null): string {
  if (rttUs === null) return DASH;
  const ms = rttUs / 1000;
  return decimal(language, ms, ms < 10 ? 2 : ms < 100 ? 1 : 0) + NBSP + 'ms';
}

export function megabits(language: Language, bitsPerSecond: number | null): string {
  return bitsPerSecond === null ? DASH : `${decimal(language, bitsPerSecond / 1e6, 2)}${NBSP}Mbit/s`;
}

export function dateTime(language: Language, text: string | null, timeZone: string): string {
  if (text === null) return DASH;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return dateFormat(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZone,
  }).format(date);
}

/** A moment to the minute; seconds only where they are not 0, as with slots of seconds. */
export function minute(language: Language, text: string | null, timeZone: string): string {
  if (text === null) return DASH;
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return text;
  return dateFormat(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    ...(date.getUTCSeconds() === 0 ? {} : { second: '2-digit' }),
    timeZone,
  }).format(date);
}

/** A day given as an instant or as `yyyy-mm-dd`. */
export function day(language: Language, text: string | null, timeZone: string): string {
  if (text === null) return DASH;
  const plain = /^\d{4}-\d{2}-\d{2}$/.test(text);
  const date = new Date(plain ? `${text}T00:00:00Z` : text);
  if (Number.isNaN(date.getTime())) return text;
  return dateFormat(language, {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    timeZone: plain ? 'UTC' : timeZone,
  }).format(date);
}

/** `2026-11` → "novembre 2026". */
export function monthName(language: Language, month: string): string {
  const date = new Date(`${month}-01T00:00:00Z`);
  if (Number.isNaN(date.getTime())) return month;
  return dateFormat(language, { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(date);
}

/** The month, `yyyy-mm`, in which an instant falls in a time zone. */
export function monthOf(unixMs: number, timeZone: string): string {
  const parts = dateFormat('en', { year: 'numeric', month: '2-digit', timeZone }).formatToParts(
    new Date(unixMs),
  );
  const of = (type: string) => parts.find((item) => item.type === type)?.value ?? '';
  return `${of('year')}-${of('month')}`;
}

/** `2026-01` moved by some months. */
export function addMonths(month: string, by: number): string {
  const [year, number] = month.split('-').map(Number);
  const count = (year ?? 0) * 12 + (number ?? 1) - 1 + by;
  return `${Math.floor(count / 12)}-${String((count % 12) + 1).padStart(2, '0')}`;
}

/** A label of the time axis: hours within two days, days beyond. */
export function axisTime(
  language: Language,
  unixS: number,
  spanSeconds: number,
  timeZone: string,
): string {
  const options: Intl.DateTimeFormatOptions =
    spanSeconds <= 2 * 86_400
      ? { hour: '2-digit', minute: '2-digit', timeZone }
      : { day: 'numeric', month: 'short', timeZone };
  return dateFormat(language, options).format(new Date(unixS * 1000));
}

const UNITS: Record<Language, [string, string, string, string]> = {
  fr: ['j', 'h', 'min', 's'],
  en: ['d', 'h', 'min', 's'],
};

/** A length of time in its two largest units: "9 j 17 h", "3 min 20 s". */
export function duration(language: Language, seconds: number | null): string {
  if (seconds === null || !Number.isFinite(seconds)) return DASH;
  const total = Math.max(0, Math.floor(seconds));
  const values = [
    Math.floor(total / 86_400),
    Math.floor(total / 3600) % 24,
    Math.floor(total / 60) % 60,
    total % 60,
  ];
  const first = values.findIndex((value) => value > 0);
  if (first < 0) return `0${NBSP}${UNITS[language][3]}`;
  return [first, first + 1]
    .filter((index) => (values[index] ?? 0) > 0)
    .map((index) => `${integer(language, values[index] ?? 0)}${NBSP}${UNITS[language][index]}`)
    .join(' ');
}

/** Seconds from a start to an end, or to now while it lasts. */
export function lasted(start: string, end: string | null, nowMs: number): number {
  return ((end === null ? nowMs : Date.parse(end)) - Date.parse(start)) / 1000;
}

/** Minutes given as an exact text ("5.000000"). */
export function minutes(language: Language, text: string | null): string {
  return text === null ? DASH : duration(language, Math.round(Number(text) * 60));
}

export function position(language: Language, latitude: number, longitude: number): string {
  const separator = language === 'fr' ? `${NBSP}; ` : ', ';
  return `${decimal(language, latitude, 5)}°${separator}${decimal(language, longitude, 5)}°`;
}

const BYTE_UNITS: Record<Language, [string, string, string, string]> = {
  fr: ['o', 'ko', 'Mo', 'Go'],
  en: ['B', 'kB', 'MB', 'GB'],
};

/** Bytes in decimal units, as lines are paid: "12,3 Mo". */
export function bytes(language: Language, count: number | null): string {
  if (count === null) return DASH;
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < 3) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${decimal(language, value, digits)}${NBSP}${BYTE_UNITS[language][unit]}`;
}
