// SYNTHETIC answers for the screens of outages, sites, agents and planning: see data.mjs.

import { random } from './data.mjs';

const JOIN_MS = 600_000;

/** Adds a cut of one region and operator, so that a group is there to look at. */
export function addAreaCut(sites, outages) {
  const here = sites.filter((site) => site.region === 'Niari' && site.operator?.startsWith('Opérateur A')).slice(0, 14);
  const begin = Date.now() - 5_400_000;
  here.forEach((site, i) => {
    site.state = i % 4 === 3 ? 'up' : 'down';
    site.agents = 1;
    outages.push({
      id: `cut-${i}`, site: site.id, site_name: site.name, site_kind: site.kind, region: site.region, start: new Date(begin + i * 21_000).toISOString(),
      end: i % 4 === 3 ? new Date(begin + 3e6).toISOString() : null, slot_seconds: 60, down_slots: 80, cause: i % 3 ? 'upstream' : 'undetermined', locus: null,
      facts: [{ code: 'first_hop_probe', values: { sent: 12, received: 12 } }, { code: 'national_anchors_probe', values: { sent: 12, received: 0 } }], agent: 'agent-7f3a',
    });
  });
  outages.sort((a, b) => (a.start < b.start ? 1 : -1));
}

const fits = (query) => (item) =>
  ['site', 'cause', 'region', 'operator'].every((name) => !query.get(name) || item[name] === query.get(name)) &&
  (!query.get('kind') || item.site_kind === query.get('kind')) &&
  (!query.get('open') || (query.get('open') === 'true') === (item.end === null));

/** The rule of the collector, in short: the real one is in the domain. */
function groupsOf(outages, query) {
  const groups = [];
  for (const one of outages.filter(fits(query)).toReversed()) {
    const network = ['upstream', 'last_mile', 'undetermined'].includes(one.cause) && one.region && one.operator;
    const held = network && groups.findLast((group) => group.key === `${one.region}|${one.operator}` && Date.parse(one.start) - group.at <= JOIN_MS);
    if (held) held.members.push(one);
    else groups.push({ key: network ? `${one.region}|${one.operator}` : null, at: Date.parse(one.start), members: [one] });
  }
  return groups.flatMap((group) => (group.members.length >= 3 ? [group] : group.members.map((one) => ({ at: Date.parse(one.start), members: [one] })))).reverse();
}

function groupItem({ members }) {
  const [first] = members;
  const alone = members.length === 1;
  const causes = [...new Set(members.map((one) => one.cause))].map((cause) => ({ cause, sites: members.filter((one) => one.cause === cause).length }));
  const best = causes.filter((one) => one.cause !== 'undetermined').sort((a, b) => b.sites - a.sites)[0];
  const open = members.filter((one) => one.end === null);
  return {
    id: first.id, reach: alone ? 'site' : 'area_and_operator', region: first.region, operator: first.operator, cause: best?.cause ?? 'undetermined', causes,
    sites: members.length, open_sites: open.length, measured_sites: alone ? null : members.length + 2, sensitive: members.some((one) => one.sensitive),
    start: first.start, end: open.length ? null : members.map((one) => one.end).sort().at(-1), outages: members.slice(0, 3),
  };
}

export function groups(outages, query, list) {
  const all = groupsOf(outages, query);
  return { ...list(all.map(groupItem), query), total: all.length, truncated: false };
}

export function group(outages, id, query, list) {
  const found = groupsOf(outages, query).find((one) => one.members[0].id === id);
  return found ? list(found.members, query) : null;
}

export function facets(sites) {
  const of = (key) => [...new Set(sites.map((site) => site[key]).filter(Boolean))].sort();
  return { regions: of('region'), operators: of('operator'), kinds: of('kind') };
}

export function targetDays(targets) {
  const end = Math.ceil(Date.now() / 900_000) * 900;
  const items = targets.map((target, index) => {
    const state = Array.from({ length: 96 }, (_, i) => (i > 94 ? 'unknown' : i > 30 && i < 36 ? 'unknown' : i > 58 && i < 62 ? 'down' : (i * 7 + index) % 29 === 0 ? 'degraded' : 'up'));
    return {
      ...target, decides: index === 0, state,
      latest: { target: target.id, at: new Date(Date.now() - 50_000).toISOString(), sent: 5, received: index ? 0 : 5, rtt_us_median: index ? null : 41_230, outcome: index ? 'timeout' : 'ok' },
      sent: state.map((one) => (one === 'unknown' ? null : 75)), received: state.map((one) => (one === 'unknown' ? null : one === 'down' ? 0 : 74)),
      rtt_us_median: state.map((one) => (one === 'up' ? 40_000 + Math.round(9_000 * random()) : null)),
    };
  });
  return { start_unix_s: end - 96 * 900, step_seconds: 900, items };
}

export function events(query, list) {
  const codes = [
    ['collector_back', {}], ['carrier_back', {}, 'eth0 ipv4'], ['machine_restarted', { clean: false }], ['mains_lost', { battery_percent: 62 }], ['carrier_lost', {}, 'eth0 ipv4'],
    ['collector_lost', {}], ['first_hop_answers', {}, 'eth0 ipv4'], ['first_hop_silent', {}, 'eth0 ipv4'], ['agent_restarted', { clean: true }], ['clock_stepped', { milliseconds: -86_400_000 }], ['first_start', {}],
  ];
  return list(codes.map(([code, values, line], i) => ({ at: new Date(Date.now() - (i + 1) * 4_321_000).toISOString(), agent: 'agent-1f3a9c', line: line ?? null, code, values })), query);
}

export function agentList(agents, sites) {
  return agents.map((agent, i) => ({
    ...agent, site_kind: sites[i].kind, region: sites[i].region, invented: true, silent_since: agent.state === 'silent' ? agent.last_batch_at : null, boot: 'b', uptime_seconds: 86_400 * (i + 1),
    spool_bytes: 12_000 * i, lines: 1, line: { key: 'k1', interface: 'eth0', gateway: 'a91f00112233445566778899aabbccdd', family: 'ipv4', public_address: '192.0.2.14', confirmed: true, first_seen_at: '2026-10-02T08:00:00Z', last_seen_at: agent.last_batch_at },
    clock: { offset_ms: [120, -5_400_000, null][i], uncertainty_ms: 14, at: agent.last_batch_at },
    volume: { month: new Date().toISOString().slice(0, 7), sent_bytes: 3_400_000 * (i + 1), received_bytes: 1_200_000, at: agent.last_batch_at },
  }));
}

export function robustness(items, top) {
  return { top, draws: 1000, factor_min: 0.5, factor_max: 1.5, items: items.slice(0, top + 5).map((item, i) => ({ site: item.site, share: i < 5 ? 1 : 1 - (i / (top + 6)) ** 2 })) };
}
