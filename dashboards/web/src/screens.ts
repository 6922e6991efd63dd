// Where each screen's code is: fetched when the screen is opened, so that the first picture does
// not wait for it. The overview is the first screen and comes with the page.

import type { Component } from 'svelte';

import type { ScreenName } from './route';

export const SCREEN_CODE: Record<
  Exclude<ScreenName, 'overview'>,
  () => Promise<{ default: Component }>
> = {
  map: () => import('./screens/Map.svelte'),
  outages: () => import('./screens/Outages.svelte'),
  agreements: () => import('./screens/Agreements.svelte'),
  planning: () => import('./screens/Planning.svelte'),
  agents: () => import('./screens/Agents.svelte'),
  import: () => import('./screens/Import.svelte'),
  access: () => import('./screens/Access.svelte'),
};
