/** Copies a text; false where the browser does not let a page do that (it needs a secure address). */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // not allowed, or not there: the caller shows the text instead
  }
}
