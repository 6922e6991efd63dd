// The screen is the part of the address after `#`: a link opens a screen, and the server sees
// only `/`.

/**
 * The screens in the order of the navigation. A new one is a line here, its text `nav.NAME` in
 * `i18n/first.*.ts`, and a line in `screens.ts`.
 */
export const SCREENS = [
  'overview',
  'map',
  'outages',
  'agreements',
  'planning',
  'agents',
  'import',
  'access',
] as const;
export type ScreenName = (typeof SCREENS)[number];

export interface Route {
  screen: ScreenName | 'site' | 'account' | 'invitation' | 'lost';
  /** The part of the path after the screen: a site's identifier, say. */
  id: string | null;
  /** The parts after that one. */
  rest: string[];
  query: URLSearchParams;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [first = '', ...parts] = path.split('/');
  const [id = null, ...rest] = parts.filter((part) => part !== '').map(decoded);
  const parameters = new URLSearchParams(query);
  if (first === '') return { screen: 'overview', id: null, rest: [], query: parameters };
  // Not in the navigation: the own account, and the one-time link by which a password is chosen.
  const aside =
    first === 'account' ? first : first === 'invitation' && id !== null ? first : undefined;
  const screen =
    first === 'sites' && id !== null
      ? 'site'
      : (aside ?? SCREENS.find((item) => item === first) ?? 'lost');
  return { screen, id, rest, query: parameters };
}

export const accountLink = (): string => '#/account';

/** A link to a screen, or to something on it. Parameters that are empty are left out. */
export function link(
  screen: ScreenName | 'site',
  id?: string,
  query: Record<string, string | null> = {},
): string {
  const place = screen === 'site' ? 'sites' : screen === 'overview' ? '' : screen;
  const path = id === undefined ? place : `${place}/${encodeURIComponent(id)}`;
  const pairs = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(pairs as [string, string][]).toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}
