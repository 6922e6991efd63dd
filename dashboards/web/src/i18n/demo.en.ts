import type { demoFr } from './demo.fr';

export const demoEn: Record<keyof typeof demoFr, string> = {
  'demo.label': 'Demonstration',
  'demo.simulated': 'Simulated measurements: sites, agents and outages are invented, no figure is real.',
  'demo.enrolling': 'Agents enrol: {done} of {sites}.',
  'demo.last_day': 'The last day is played back: {done} of {sites} sites.',
  'demo.earlier_days':
    'The {days} days before are played back: {percent}. Figures of the month still change.',
  'demo.failed': 'The past could not be played back: the collector’s log says why.',
  'demo.away':
    'Off from {from} to {to}, the demonstration goes on: the sites went on too, their agents kept what they measured and send it.',
};
