// The plan of an issue between the API and its editor.
import type { Plan } from "../../api/contract";
import { asFailure, call } from "../../api/client";

export type Part = "problem" | "expected" | "evidence" | "acceptance";
export type Texts = Record<Part, string>;

export const PARTS: [Part, string, number][] = [
  ["problem", "What is wrong", 8000], ["expected", "What should happen", 8000], ["evidence", "What people reported", 20_000], ["acceptance", "When it is fixed", 8000],
];

export const textsOf = ({ problem, expected, evidence, acceptance }: Plan): Texts => ({ problem, expected, evidence, acceptance });

export const isEdited = (texts: Texts, plan: Plan) => PARTS.some(([part]) => texts[part] !== plan[part]);

/** Who wrote it. */
export function writerOf(plan: Plan): string {
  if (plan.by === "template") return "made from the reports";
  return plan.by === "llm" ? "worded by a language model" : `edited by ${plan.by}`;
}

/** The newest, or a certain one; null while there is none. */
export async function fetchPlan(id: string, version: number | null, signal?: AbortSignal): Promise<Plan | null> {
  try {
    return await call("getPlan", { path: { id }, ...(version ? { query: { version } } : {}), ...(signal ? { signal } : {}) });
  } catch (error) {
    if (asFailure(error).status === 404) return null;
    throw error;
  }
}
