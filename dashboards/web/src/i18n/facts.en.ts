import type { FactCode } from './facts.fr';

export const factsEn: Record<FactCode, string> = {
  agent_silent: 'The agent has sent nothing since.',
};
