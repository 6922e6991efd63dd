import type { ledgerFr } from './ledger.fr';

export const ledgerEn: Record<keyof typeof ledgerFr, string> = {
  'revision.title': 'Revisions and proof',
  'revision.rule':
    'A statement becomes final once its month is closed. Measurements that come later make another revision; earlier ones stay as they were.',
  'revision.none': 'No final statement yet: the figures above may change.',
  'revision.closes': 'The month will be closed on {date}.',
  'revision.number': 'Revision {number}',
  'revision.made': 'made on {date}',
  'revision.last': 'in force',
  'revision.show': 'Show this revision',
  'revision.shown': 'shown',
  'revision.first': 'First final statement of the month.',
  'revision.differences_one': '{count} value differs from the revision before',
  'revision.differences_other': '{count} values differ from the revision before',
  'revision.place': 'Value',
  'revision.before': 'Before',
  'revision.after': 'After',
  'revision.more': 'Only the first {count} are shown.',
  'revision.hash': 'Hash (SHA-256)',
  'revision.bundle': 'Evidence bundle',
  'revision.bundleNote':
    'The bundle holds the signed measurements and everything else that the statement is made of. “desserte verify” recomputes it without the collector.',
  'revision.checkpoint': 'Checkpoint of the log',
  'revision.checkpointNote':
    'Keep a checkpoint every month: it will prove that nothing that it covers was changed.',

  'contest.title': 'Contested outages',
  'contest.none': 'No outage of this month is contested.',
  'contest.rule': 'A comment changes no figure. It stays in the log as it was entered.',
  'contest.add': 'Contest an outage',
  'contest.outage': 'Outage',
  'contest.person': 'Your name',
  'contest.text': 'What you contest, and why',
  'contest.send': 'Enter the comment',
  'contest.of': '{site}, outage of {date}',
  'contest.by': '{name}, on {date}',
};
