// What people do with a fix.
import { call } from "../../api/client";
import type { Fix } from "../../api/contract";
import { noteFix } from "../../state/fixes";
import { may } from "../../state/rights";
import { complain, say } from "../../state/toast";
import { Icon } from "../../ui/icons";
import { isUnderWay, mayRetry } from "./words";

export async function cancel(fix: Fix): Promise<void> {
  try {
    await call("cancelFix", { path: { id: fix.id } });
    say("The fix is stopped, with everything it started.");
  } catch (error) {
    complain("Not stopped", error);
  }
  noteFix();
}

export async function retry(fix: Fix): Promise<void> {
  try {
    await call("retryFix", { path: { id: fix.id } });
    say("The fix goes round again.");
  } catch (error) {
    complain("Not tried again", error);
  }
  noteFix();
}

/** `keys`: the letters are said on the buttons. */
export function FixActs({ of, keys = false }: { of: Fix; keys?: boolean }) {
  if (!may("fix")) return null;
  return (
    <span class="item-acts">
      {isUnderWay(of) && <button type="button" class="button small" onClick={() => void cancel(of)}><Icon name="cross" />Stop it{keys && <kbd>d</kbd>}</button>}
      {mayRetry(of) && <button type="button" class="button small" onClick={() => void retry(of)}><Icon name="again" />Try again{keys && <kbd>r</kbd>}</button>}
    </span>
  );
}
