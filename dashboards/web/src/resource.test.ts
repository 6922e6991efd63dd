import { describe, expect, it } from 'vitest';
import { Resource } from './resource.svelte';

function held<T>(): { answer: Promise<T>; give: (value: T) => void } {
  let give!: (value: T) => void;
  const answer = new Promise<T>((done) => {
    give = done;
  });
  return { answer, give };
}

describe('an answer of the server', () => {
  it('stays while it is fetched again, and a late answer to an older question is dropped', async () => {
    const resource = new Resource<number>();
    await resource.load(async () => 1);
    const [older, newer] = [held<number>(), held<number>()];
    const both = [resource.load(() => older.answer), resource.load(() => newer.answer)];
    expect(resource.data).toBe(1);
    newer.give(3);
    older.give(2);
    await Promise.all(both);
    expect(resource.data).toBe(3);
    expect(resource.loading).toBe(false);
  });

  it('that is forgotten does not come back with what was on its way', async () => {
    const resource = new Resource<number>();
    await resource.load(async () => 1);
    const late = held<number>();
    const asked = resource.load(() => late.answer);
    resource.forget();
    late.give(2);
    await asked;
    expect(resource.data).toBeNull();
    expect(resource.loading).toBe(true);
    await resource.load(async () => 3);
    expect(resource.data).toBe(3);
  });
});
