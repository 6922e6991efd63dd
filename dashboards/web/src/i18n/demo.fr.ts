// What the notice of a demonstration says, in French. It stands above every screen from the first on.

export const demoFr = {
  'demo.label': 'Démonstration',
  'demo.simulated': 'Mesures simulées\u00a0: sites, agents et coupures inventés, aucun chiffre n’est réel.',
  'demo.enrolling': 'Les agents s’enrôlent\u00a0: {done} sur {sites}.',
  'demo.last_day': 'Le dernier jour est rejoué\u00a0: {done} sites sur {sites}.',
  'demo.earlier_days':
    'Les {days} jours précédents sont rejoués\u00a0: {percent}. Les chiffres du mois changent encore.',
  'demo.failed': 'Le passé n’a pas pu être rejoué\u00a0: la raison est dans le journal du collecteur.',
  'demo.away':
    'Arrêtée de {from} à {to}, la démonstration a repris\u00a0: les sites ont continué, leurs agents ont gardé leurs mesures et les envoient.',
} as const;
