// Files that are brought in, and sites that may be one.

import { address, part, post, request, V1, type Query } from './client';
import type {
  DuplicateItem,
  ImportDetail,
  ImportItem,
  ImportMapping,
  ImportPreview,
  ImportRefusal,
  Page,
  PairItem,
  PairRule,
  Signed,
} from './types';

/** Longest wait for a file to arrive and be read: 64 MiB over a slow disk. */
const UPLOAD_MS = 120_000;

export interface PairChoice {
  keep: string;
  other: string;
  decision: 'same' | 'distinct' | null;
}
export interface PairChoices {
  decisions?: PairChoice[];
  rule?: PairRule;
}

const one = (id: string) => `${V1}/imports/${part(id)}`;

export const imports = {
  list: () => request<Page<ImportItem>>(`${V1}/imports`),
  upload: (file: File, what: string, language: string) =>
    request<ImportDetail>(address(`${V1}/imports`, { name: file.name, what }), {
      method: 'POST',
      headers: { 'Content-Type': 'application/octet-stream', 'Accept-Language': language },
      body: file,
      signal: AbortSignal.timeout(UPLOAD_MS),
    }),
  get: (id: string) => request<ImportDetail>(one(id)),
  drop: (id: string) => request<void>(one(id), { method: 'DELETE' }),
  map: (id: string, mapping: ImportMapping, language: string) =>
    post<ImportDetail>(`${one(id)}/mapping`, mapping, { method: 'PUT', language }),
  refusals: (id: string, query: Query) =>
    request<Page<ImportRefusal>>(address(`${one(id)}/refusals`, query)),
  refusalsFile: (id: string, language: string) =>
    address(`${one(id)}/refusals/export`, { language }),
  preview: (id: string) => request<ImportPreview>(`${one(id)}/preview`),
  apply: (id: string, signed: Signed, language: string) =>
    post<ImportDetail>(`${one(id)}/apply`, signed, { language }),
  undo: (id: string, signed: Signed, language: string) =>
    post<ImportDetail>(`${one(id)}/undo`, signed, { language }),
  pairs: (id: string, query: Query) =>
    request<Page<PairItem>>(address(`${one(id)}/duplicates`, query)),
  decide: (id: string, choices: PairChoices) =>
    post<{ changed: number }>(`${one(id)}/duplicates`, choices),
};

export const duplicates = {
  pairs: (query: Query) => request<Page<PairItem>>(address(`${V1}/duplicates`, query)),
  decide: (choices: PairChoices & Signed) =>
    post<{ changed: number }>(`${V1}/duplicates`, choices),
  decisions: (query: Query) =>
    request<Page<DuplicateItem>>(address(`${V1}/duplicates/decisions`, query)),
  undo: (number: number, signed: Signed) =>
    post<{ changed: number }>(`${V1}/duplicates/decisions/${number}/undo`, signed),
};
