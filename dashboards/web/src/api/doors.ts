// People, tokens, the log, and the door itself.

import { address, part, post, request, V1, type Query } from './client';
import type {
  AuditItem,
  Invitation,
  LinkMade,
  NewPerson,
  NewToken,
  Page,
  Person,
  PersonChange,
  SecondFactor,
  Session,
  SignInItem,
  Token,
  TokenMade,
} from './types';

export const doors = {
  signIn: (person: string, password: string, code: string) =>
    post<Session>(`${V1}/session`, { person, password, code: code === '' ? null : code }),
  look: (secret: string) => post<Invitation>(`${V1}/invitations/look`, { secret }),
  accept: (secret: string, password: string) =>
    post<void>(`${V1}/invitations/accept`, { secret, password }),
  password: (password: string, new_password: string) =>
    post<void>(`${V1}/session/password`, { password, new_password }),
  factor: (password: string) => post<SecondFactor>(`${V1}/session/totp`, { password }),
  confirmFactor: (secret: string, code: string) =>
    post<void>(`${V1}/session/totp/confirm`, { secret, code }),
  removeFactor: (password: string) => post<void>(`${V1}/session/totp/remove`, { password }),
  people: () => request<Page<Person>>(`${V1}/people`),
  addPerson: (person: NewPerson) => post<LinkMade>(`${V1}/people`, person),
  changePerson: (id: string, change: PersonChange) =>
    post<Person>(`${V1}/people/${part(id)}`, change, { method: 'PUT' }),
  link: (id: string, reset: boolean) => post<LinkMade>(`${V1}/people/${part(id)}/link`, { reset }),
  tokens: () => request<Page<Token>>(`${V1}/tokens`),
  addToken: (token: NewToken) => post<TokenMade>(`${V1}/tokens`, token),
  revokeToken: (id: string) => post<void>(`${V1}/tokens/${part(id)}/revoke`, {}),
  audit: (query: Query) => request<Page<AuditItem>>(address(`${V1}/audit`, query)),
  signIns: (query: Query) => request<Page<SignInItem>>(address(`${V1}/sign-ins`, query)),
};
