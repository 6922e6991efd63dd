import type {
  Attachment,
  AttachmentRequest,
  AgentItem,
  Agreement,
  AgreementMonths,
  Confirmation,
  Contest,
  ContestRequest,
  Confirmed,
  Country,
  CountryOutline,
  Demonstration,
  EnrolmentCode,
    EvidenceEvent, Exclusion, ExclusionRequest, Facets,
  FeatureCollection,
  History,
  MapSites,
  MonthFigures,
  Outage,
  OutageGroups,
  Overview,
  Page,
  Places,
  Plan,
  PlanRobustness,
  Problem,
  Revision,
  Revoked,
  SiteDetail,
  SiteItem,
  Statement,
  TargetDays,
} from './types';

/** Longest wait for an answer; a month's figures over a cold store stay well below it. */
const TIMEOUT_MS = 30_000;
/** Pages read in a row for one list: a screen never loads more than this many pages by itself. */
const PAGES_MAX = 10;

/** A request that failed: `code` is the server's closed code, or `network` / `timeout`. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string | null,
    readonly path: string,
  ) {
    super(`${path}: ${code}${detail ? ` (${detail})` : ''}`);
  }
}

export type Query = Record<string, string | number | boolean | null | undefined>;

/** A path with its query; absent and empty values are left out. */
export function address(path: string, query: Query = {}): string {
  const pairs = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') pairs.set(name, String(value));
  }
  const text = pairs.toString();
  return text ? `${path}?${text}` : path;
}

async function problemOf(response: Response, path: string): Promise<ApiError> {
  let problem: Partial<Problem> = {};
  try {
    problem = (await response.json()) as Partial<Problem>;
  } catch {
    // A proxy or a crash answers without a problem document: the status is all there is.
  }
  return new ApiError(
    problem.code ?? `http_${response.status}`,
    response.status,
    problem.detail ?? problem.title ?? null,
    path,
  );
}

/**
 * What the session gives every request: the proof that this page asks, sent with what changes
 * something, and whom to tell when the server does not know the session any more.
 */
export const door: { csrf: string | null; shut: () => void } = { csrf: null, shut: () => {} };

async function answerTo(path: string, init: RequestInit): Promise<Response> {
  const proof: Record<string, string> =
    door.csrf !== null && (init.method ?? 'GET') !== 'GET' ? { 'X-Desserte-Csrf': door.csrf } : {};
  let response: Response;
  try {
    response = await fetch(path, {
      ...init,
      signal: init.signal ?? AbortSignal.timeout(TIMEOUT_MS),
      headers: { Accept: 'application/json', ...proof, ...init.headers },
    });
  } catch (error) {
    const late = error instanceof DOMException && error.name === 'TimeoutError';
    throw new ApiError(late ? 'timeout' : 'network', 0, null, path);
  }
  if (!response.ok) {
    const problem = await problemOf(response, path);
    if (problem.code === 'sign_in_needed') door.shut();
    throw problem;
  }
  return response;
}

export async function request<T>(path: string, init: RequestInit = {}): Promise<T> {
  const response = await answerTo(path, init);
  if (response.status === 204) return undefined as T;
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiError('malformed_answer', response.status, null, path);
  }
}

/** The compact map and its states (docs/map.md). */
async function compact(path: string): Promise<ArrayBuffer> {
  const response = await answerTo(path, { headers: { Accept: 'application/vnd.desserte.map' } });
  try {
    return await response.arrayBuffer();
  } catch {
    throw new ApiError('network', 0, null, path);
  }
}

export function post<T>(
  path: string,
  body: unknown,
  { method = 'POST', language }: { method?: 'POST' | 'PUT'; language?: string } = {},
): Promise<T> {
  return request<T>(path, {
    method,
    headers: {
      'Content-Type': 'application/json',
      ...(language ? { 'Accept-Language': language } : {}),
    },
    body: JSON.stringify(body),
  });
}

/** A list up to its end, or to `PAGES_MAX` pages; `next` then says that there is more. */
async function all<T>(path: string, query: Query = {}): Promise<Page<T>> {
  const items: T[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer: Page<T> = await request<Page<T>>(
      address(path, { limit: 1000, ...query, cursor }),
    );
    items.push(...answer.items);
    cursor = answer.next;
    if (cursor === null) break;
  }
  return { items, next: cursor };
}

/** What a country may not have answers `null`, so that the map draws the rest. */
async function optional<T>(path: string): Promise<T | null> {
  try {
    return await request<T>(path);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export const V1 = '/api/v1';
export const part = encodeURIComponent;

export const api = {
  country: () => request<Country>(`${V1}/country`),
  shape: (name: 'regions' | 'border' | 'neighbours') =>
    optional<FeatureCollection>(`${V1}/country/${name}.geojson`),
  places: () => optional<Places>(`${V1}/country/places.json`),
  outline: () => optional<CountryOutline>(`${V1}/country/outline.json`),
  overview: () => request<Overview>(`${V1}/overview`),
  mapPlaces: () => compact(`${V1}/map`),
  mapStates: () => compact(`${V1}/map/states`),
  mapRows: (version: string, rows: readonly number[]) =>
    request<MapSites>(address(`${V1}/map/sites`, { version, rows: rows.join(',') })),
  mapSites: (ids: readonly string[]) =>
    request<MapSites>(address(`${V1}/map/sites`, { ids: JSON.stringify(ids) })),
  demo: () => request<Demonstration>(`${V1}/demo`),
  sites: (query: Query) => request<Page<SiteItem>>(address(`${V1}/sites`, query)),
  site: (id: string) => request<SiteDetail>(`${V1}/sites/${part(id)}`),
  history: (id: string, query: Query) =>
    request<History>(address(`${V1}/sites/${part(id)}/history`, query)),
  month: (id: string, month: string, agreement: string) =>
    request<MonthFigures>(address(`${V1}/sites/${part(id)}/months/${month}`, { agreement })),
  outages: (query: Query) => request<Page<Outage>>(address(`${V1}/outages`, query)),
  outageGroups: (query: Query) => request<OutageGroups>(address(`${V1}/outages/groups`, query)),
  outageGroup: (id: string, query: Query) =>
    request<Page<Outage>>(address(`${V1}/outages/groups/${part(id)}`, query)),
  outageExport: (query: Query) => address(`${V1}/outages/export`, query),
  facets: () => request<Facets>(`${V1}/facets`),
  targets: (id: string) => request<TargetDays>(`${V1}/sites/${part(id)}/targets`),
  evidence: (id: string, query: Query) =>
    request<Page<EvidenceEvent>>(address(`${V1}/sites/${part(id)}/evidence`, query)),
  openOutages: (limit: number) =>
    request<Page<Outage>>(address(`${V1}/outages`, { open: true, limit })),
  agents: (query: Query) => request<Page<AgentItem>>(address(`${V1}/agents`, query)),
  agreements: () => all<Agreement>(`${V1}/agreements`),
  statement: (
    id: string,
    month: string,
    part_of: { version?: string | null; revision?: number | null } = {},
  ) => request<Statement>(address(`${V1}/agreements/${part(id)}/statements/${month}`, part_of)),
  revisions: (id: string, month: string, version: string | null) =>
    request<Page<Revision>>(
      address(`${V1}/agreements/${part(id)}/statements/${month}/revisions`, { version }),
    ),
  contests: (id: string, month: string) =>
    request<Page<Contest>>(`${V1}/agreements/${part(id)}/statements/${month}/contests`),
  contest: (id: string, month: string, asked: ContestRequest) =>
    post<Contest>(`${V1}/agreements/${part(id)}/statements/${month}/contests`, asked),
  bundleFile: (id: string, month: string, version: number, revision: number) =>
    address(`${V1}/agreements/${part(id)}/statements/${month}/bundle`, { version, revision }),
  checkpointFile: `${V1}/ledger/checkpoint`,
  agreement: (id: string) => request<Agreement>(`${V1}/agreements/${part(id)}`),
  agreementMonths: (id: string, count: number) =>
    request<AgreementMonths>(address(`${V1}/agreements/${part(id)}/months`, { count })),
  addExclusion: (id: string, asked: ExclusionRequest) =>
    post<Exclusion>(`${V1}/agreements/${part(id)}/exclusions`, asked),
  attachments: (id: string) =>
    request<Page<Attachment>>(`${V1}/agreements/${part(id)}/attachments`),
  attach: (id: string, exclusion: number, asked: AttachmentRequest) =>
    post<Attachment>(`${V1}/agreements/${part(id)}/exclusions/${exclusion}/attachments`, asked),
  approveExclusion: (id: string, number: number, approved_by: string) =>
    post<Exclusion>(`${V1}/agreements/${part(id)}/exclusions/${number}/approve`, { approved_by }),
  withdrawExclusion: (id: string, number: number, withdrawn_by: string, reason: string) =>
    post<Exclusion>(`${V1}/agreements/${part(id)}/exclusions/${number}/withdraw`, {
      withdrawn_by,
      reason,
    }),
  siteExclusions: (site: string, query: Query) =>
    request<Page<Exclusion>>(address(`${V1}/sites/${part(site)}/exclusions`, query)),
  slotsFile: (site: string, month: string, query: Query) =>
    address(`${V1}/sites/${part(site)}/months/${month}/slots`, query),
  plan: (query: Query) => request<Plan>(address(`${V1}/plans/current`, query)),
  robustness: (query: Query) =>
    request<PlanRobustness>(address(`${V1}/plans/current/robustness`, query)),
  planExport: (query: Query) => address(`${V1}/plans/current/export`, query),
  makeCode: (site: string) => post<EnrolmentCode>(`${V1}/sites/${part(site)}/codes`, {}),
  confirmLine: (agent: string, key: string, confirmation: Confirmation) =>
    post<Confirmed>(`${V1}/agents/${part(agent)}/lines/${part(key)}/confirm`, confirmation),
  revokeAgent: (agent: string) => post<Revoked>(`${V1}/agents/${part(agent)}/revoke`, {}),
};
