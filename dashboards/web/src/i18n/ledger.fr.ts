// Relevés définitifs, révisions, contestations.

export const ledgerFr = {
  'revision.title': 'Révisions et preuve',
  'revision.rule':
    'Un relevé devient définitif une fois le mois clos. Des mesures arrivées ensuite en font une nouvelle révision\u202f; les précédentes restent telles qu’elles étaient.',
  'revision.none': 'Pas encore de relevé définitif\u00a0: les chiffres ci-dessus peuvent changer.',
  'revision.closes': 'Le mois sera clos le {date}.',
  'revision.number': 'Révision {number}',
  'revision.made': 'établie le {date}',
  'revision.last': 'en vigueur',
  'revision.show': 'Voir cette révision',
  'revision.shown': 'affichée',
  'revision.first': 'Premier relevé définitif du mois.',
  'revision.differences_one': '{count} valeur diffère de la révision précédente',
  'revision.differences_other': '{count} valeurs diffèrent de la révision précédente',
  'revision.place': 'Valeur',
  'revision.before': 'Avant',
  'revision.after': 'Après',
  'revision.more': 'Seules les {count} premières sont affichées.',
  'revision.hash': 'Empreinte (SHA-256)',
  'revision.bundle': 'Dossier de preuve',
  'revision.bundleNote':
    'Le dossier de preuve contient les mesures signées et tout ce dont le relevé est fait. «\u00a0desserte verify\u00a0» le recalcule sans le collecteur.',
  'revision.checkpoint': 'Point de contrôle du registre scellé',
  'revision.checkpointNote':
    'Gardez un point de contrôle chaque mois\u00a0: il prouvera que rien de ce qu’il couvre n’a été modifié.',

  'contest.title': 'Contestations',
  'contest.none': 'Aucune coupure de ce mois n’est contestée.',
  'contest.rule':
    'Une contestation ne change aucun chiffre. Elle reste inscrite, telle quelle, dans le registre scellé.',
  'contest.add': 'Contester une coupure',
  'contest.outage': 'Coupure',
  'contest.person': 'Votre nom',
  'contest.text': 'Ce que vous contestez, et pourquoi',
  'contest.send': 'Inscrire la contestation',
  'contest.of': '{site}, coupure du {date}',
  'contest.by': '{name}, le {date}',
} as const;
