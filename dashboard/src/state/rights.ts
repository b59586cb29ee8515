// What this person's key may do. Asked once; the server judges each call by itself.
import { signal } from "@preact/signals";
import type { Scope } from "../api/contract";
import { call } from "../api/client";

const scopes = signal<Scope[] | null>(null);

/** Until it is known, and where it cannot be known, the answer is yes: a refusal says why. */
export function may(scope: Scope): boolean {
  return scopes.value === null || scopes.value.includes(scope) || scopes.value.includes("admin");
}

export async function loadRights(): Promise<void> {
  if (scopes.value) return;
  const session = await call("getSession", {}).catch(() => null);
  if (session) scopes.value = session.scopes;
}
