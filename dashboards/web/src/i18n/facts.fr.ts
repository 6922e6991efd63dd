// What a verdict rests on, phrased by code. A code that is not here is shown raw by the page.

export const factsFr = {
  agent_silent: 'L’agent n’a plus rien envoyé.',
} as const;

export type FactCode = keyof typeof factsFr;
