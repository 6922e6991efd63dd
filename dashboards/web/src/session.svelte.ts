// Who is signed in, and what they may. The server decides; the page only shows no more than it allows.

import { ApiError, door, post, request, V1 } from './api/client';
import type { Role, Session } from './api/types';
import { link, type ScreenName } from './route';

/** What each screen needs: names of the server's closed list. Others are for everybody who came in. */
const NEEDS: Partial<Record<ScreenName, string>> = {
  agreements: 'see_agreements',
  planning: 'see_ranking',
  agents: 'see_agents',
  import: 'see_imports',
  access: 'see_doors',
};

/** Pause before a collector that did not answer is asked again. */
const AGAIN_MS = 5_000;

class SessionState {
  state = $state.raw<Session | null>(null);
  error = $state.raw<ApiError | null>(null);
  #again: ReturnType<typeof setTimeout> | undefined;

  /** The account's name and identifier; `null` where there are no accounts: names are typed then. */
  get signature(): string | null {
    const held = this.state;
    return held?.person && held.name ? `${held.name} (${held.person})` : null;
  }

  get signedIn(): boolean {
    return this.state?.signed_in === true;
  }

  /** Accounts are asked for: a person with a session of their own. */
  get closed(): boolean {
    return this.state?.mode === 'closed';
  }

  can(action: string): boolean {
    return this.state?.may.includes(action) ?? false;
  }

  shows(screen: ScreenName): boolean {
    // Without accounts there is nobody to manage.
    if (screen === 'access' && this.state?.mode === 'open') return false;
    const need = NEEDS[screen];
    return need === undefined || this.can(need);
  }

  async load(): Promise<void> {
    this.stop();
    try {
      this.#take(await request<Session>(`${V1}/session`));
    } catch (caught) {
      this.error = caught instanceof ApiError ? caught : new ApiError('network', 0, null, '');
      this.#again = setTimeout(() => void this.load(), AGAIN_MS);
    }
  }

  stop(): void {
    clearTimeout(this.#again);
  }

  #take(state: Session): void {
    this.state = state;
    this.error = null;
    door.csrf = state.csrf;
    const home = state.signed_in ? homeOf(state) : null;
    // Each role's first question; whoever asked for a screen gets it.
    if (home && /^#?\/?$/.test(location.hash)) location.replace(home);
  }

  /** The server does not know the session any more: it ended, or was ended. */
  shut(): void {
    if (this.state) this.state = { ...this.state, signed_in: false, may: [], csrf: null };
  }
}

function homeOf(state: Session): string | null {
  switch (state.role) {
    case 'planner':
      return link('planning');
    case 'contractor':
      return link('agreements');
    case 'technician':
      return state.reach[0] ? link('site', state.reach[0]) : null;
    default:
      return null;
  }
}

/** Everything that was shown belongs to who was signed in: the page begins anew. */
export function begin(hash = '#/'): void {
  location.hash = hash;
  location.reload();
}

export async function signOut(): Promise<void> {
  await request<void>(`${V1}/session`, { method: 'DELETE' });
  begin();
}

export async function lookAs(role: Role): Promise<void> {
  await post<Session>(`${V1}/session/role`, { role });
  begin();
}

export const session = new SessionState();
door.shut = () => session.shut();
