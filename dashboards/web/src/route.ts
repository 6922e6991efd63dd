// The screen is the part of the address after `#`: a link opens a screen, and the server sees
// only `/`.

export const SCREENS = ['map', 'outages', 'agents', 'agreements', 'planning'] as const;
export type ScreenName = (typeof SCREENS)[number];

export interface Route {
  screen: ScreenName | 'site' | 'lost';
  id: string | null;
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
  const [first = '', second = ''] = path.split('/');
  const parameters = new URLSearchParams(query);
  if (first === '') return { screen: 'map', id: null, query: parameters };
  if (first === 'sites' && second !== '') {
    return { screen: 'site', id: decoded(second), query: parameters };
  }
  const screen = SCREENS.find((item) => item === first) ?? 'lost';
  return { screen, id: null, query: parameters };
}

/** A link to a screen. Parameters that are empty are left out. */
export function link(
  screen: ScreenName | 'site',
  id?: string,
  query: Record<string, string | null> = {},
): string {
  const path = screen === 'site' ? `sites/${encodeURIComponent(id ?? '')}` : screen;
  const pairs = Object.entries(query).filter(([, value]) => value);
  const text = new URLSearchParams(pairs as [string, string][]).toString();
  return `#/${path}${text ? `?${text}` : ''}`;
}
