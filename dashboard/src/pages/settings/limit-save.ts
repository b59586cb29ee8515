import { call } from "../../api/client";
import type { Limits } from "../../api/contract";

/** Only these are other ones: what else there is may have been changed meanwhile, and stays as it is. */
export async function putSome(some: Limits): Promise<Limits> {
  return call("putLimits", { body: { ...(await call("getLimits", {})), ...some } });
}
