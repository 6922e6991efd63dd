// What a verdict rests on, phrased by code. A code that is not here is shown raw by the page.

export const factsFr = {
  boot_changed: 'La machine a redémarré.',
  clean_stop_mark: 'Un arrêt volontaire avait été noté.',
  no_clean_stop_mark: 'Aucun arrêt volontaire n’avait été noté.',
  mains_lost: 'Un capteur ou un onduleur a vu la perte du secteur.',
  gateway_uptime_reset: 'La passerelle a redémarré aussi.',
  gateway_kept_running: 'La passerelle n’a pas redémarré\u00a0: elle est restée alimentée.',
  neighbours_down: 'Sites voisins sur le même départ électrique tombés en même temps\u00a0: {count} sur {total}.',
  process_restarted: 'L’agent a été relancé sans que la machine redémarre.',
  host_suspended: 'La machine a été en veille pendant {milliseconds}\u00a0ms.',
  agent_silent: 'L’agent n’a plus rien envoyé\u00a0: rien n’est connu de cet intervalle.',
  host_lagging: 'La machine était surchargée\u00a0: ses mesures ne sont pas fiables.',
  carrier_down: 'Câble débranché ou interface sans porteuse.',
  wifi_not_associated: 'Wi-Fi non associé.',
  no_route: 'Aucune route vers l’extérieur.',
  gateway_neighbour_failed: 'La passerelle ne répond pas sur le réseau local (ARP/NDP).',
  gateway_neighbour_reachable: 'La passerelle répond sur le réseau local (ARP/NDP).',
  gateway_probe: 'Passerelle\u00a0: {received} réponses sur {sent}.',
  first_hop_probe: 'Premier équipement de l’opérateur\u00a0: {received} réponses sur {sent}.',
  first_hop_not_measured:
    'Premier équipement de l’opérateur non mesuré\u00a0: ligne d’accès et réseau de l’opérateur ne se distinguent pas.',
  gateway_not_measured:
    'Passerelle non mesurée\u00a0: le réseau local ne peut pas être écarté.',
  national_anchors_probe: 'Ancres nationales\u00a0: {received} réponses sur {sent}.',
  international_anchors_probe: 'Ancres à l’étranger\u00a0: {received} réponses sur {sent}.',
  other_anchors_probe: 'Autres ancres\u00a0: {received} réponses sur {sent}.',
  answers_intercepted: 'Les réponses sont interceptées (portail captif).',
  names_fail: 'Aucun nom n’est résolu.',
  addresses_answer: 'Les destinations données par adresse répondent.',
  resolver_on_judged_line: 'Le résolveur appartient à la ligne jugée.',
  resolver_elsewhere: 'Le résolveur appartient à un tiers.',
  resolver_owner_unknown: 'On ne sait pas à qui appartient le résolveur.',
  targets_failing: 'Cibles sans réponse\u00a0: {count} sur {total}.',
  targets_lossy: 'Cibles avec pertes\u00a0: {count} sur {total}.',
  collector_reachable: 'Le collecteur restait joignable par la ligne\u00a0: elle fonctionnait.',
  collector_unreachable: 'L’agent ne joignait pas le collecteur.',
  collector_heartbeat_missing: 'Le signe de vie du collecteur lui-même manquait.',
  contradiction: 'Deux indices se contredisent.',
  evidence_insufficient: 'Les indices ne suffisent pas à trancher.',
} as const;

export type FactCode = keyof typeof factsFr;
