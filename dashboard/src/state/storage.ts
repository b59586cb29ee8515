// What this browser remembers. Storage may be switched off or full: then nothing is remembered, and all else works.
export function recall<T>(name: string, fallback: T): T {
  try {
    const text = localStorage.getItem(`soulcaster.${name}`);
    return text === null ? fallback : (JSON.parse(text) as T);
  } catch {
    return fallback; // not readable, or not ours
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(`soulcaster.${name}`, JSON.stringify(value));
  } catch {
    return; // remembered until the page is left, by whoever holds the value
  }
}
