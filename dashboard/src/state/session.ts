// The end of a session, by a person's will.
import { signOut } from "../api/client";
import { complain } from "./toast";

export async function leave(): Promise<void> {
  try {
    await signOut();
    window.location.assign("/login");
  } catch (error) {
    complain("Could not sign out", error);
  }
}
