// A project's fix settings between the API and a form: what is typed is text, what is sent is what the contract says.
import type { FixConfig } from "../../api/contract";

export interface Field {
  /** As the contract has it; "policy." in front: of the policy. */
  key: string;
  name: string;
  kind: "flag" | "text" | "command" | "lines" | "number" | "money" | "choice";
  help?: string;
  choices?: [string, string][];
  max?: number;
}

export interface Group {
  title: string;
  note?: string;
  fields: Field[];
}

export const RULES: [string, string][] = [["ci", "CI files"], ["agent", "agents' own settings"], ["lock", "lock files of packages"], ["mode", "a file's mode (executable)"]];

export const GROUPS: Group[] = [
  {
    title: "Repository",
    fields: [
      { key: "enabled", name: "Fixes may be started in this project", kind: "flag" },
      { key: "forge", name: "Forge", kind: "choice", choices: [["github", "GitHub"], ["local", "local: repositories on this server's disk"]] },
      { key: "repository", name: "Repository", kind: "text", help: "owner/name; with the local forge a name." },
      { key: "base_branch", name: "Base branch", kind: "text", help: "Empty: the repository's own default." },
    ],
  },
  {
    title: "Agent",
    fields: [
      { key: "agent", name: "Agent", kind: "choice" },
      { key: "model", name: "Model", kind: "text", help: "What the agent asks for. Empty: its own choice." },
      { key: "command", name: "Command", kind: "lines", help: "Of the agent “custom”: one word a line." },
      { key: "steps", name: "Turns of the built-in agent", kind: "number", max: 1000 },
      { key: "setup_command", name: "Set-up command", kind: "command", help: "Run by sh in the sandbox before tests and agent." },
      { key: "test_command", name: "Test command", kind: "command", help: "Run by sh in the sandbox, before and after the change. Empty: there are no tests." },
      { key: "hosts", name: "Package mirrors that may be reached", kind: "lines", help: "name or name:port, one a line; *.name for what is below it. Nothing else is reached; by the agent and the set-up command alone." },
      { key: "test_hosts", name: "The test command may reach them, too", kind: "flag" },
    ],
  },
  {
    title: "What may change",
    fields: [
      { key: "allow", name: "Only these paths", kind: "lines", help: "Globs, one a line. Empty: all that no rule forbids." },
      { key: "deny", name: "Never these paths", kind: "lines", help: "Globs, one a line." },
      { key: "rules_off", name: "May change all the same", kind: "choice" },
      { key: "max_files", name: "Files at most", kind: "number", max: 1000 },
      { key: "max_lines", name: "Lines at most", kind: "number", max: 1_000_000 },
      { key: "max_patch_bytes", name: "Bytes of a patch at most", kind: "number", max: 8_388_608 },
    ],
  },
  {
    title: "Limits",
    fields: [
      { key: "max_minutes", name: "Minutes of one fix", kind: "number", max: 720 },
      { key: "max_usd", name: "Dollars of one fix", kind: "money", help: "0: no cap." },
      { key: "max_tokens", name: "Tokens of one fix", kind: "number", max: 1_000_000_000, help: "0: no cap." },
      { key: "max_day_usd", name: "Dollars of a day (UTC)", kind: "money", help: "0: no cap." },
      { key: "concurrency", name: "Fixes at once", kind: "number", max: 100 },
    ],
  },
  {
    title: "What comes of it",
    fields: [
      { key: "output", name: "Output", kind: "choice", choices: [["pull_request", "a pull request"], ["issue", "an issue that describes the change"]] },
      { key: "labels", name: "Labels", kind: "lines", help: "One a line." },
      { key: "draft", name: "Pull requests are drafts", kind: "flag" },
    ],
  },
  {
    title: "By itself",
    note: "Off unless it is switched on. A fix that was tried once is never tried again by itself.",
    fields: [
      { key: "policy.enabled", name: "Fixes start by themselves", kind: "flag" },
      { key: "policy.min_reports", name: "From so many reports on", kind: "number", max: 1_000_000 },
      { key: "policy.min_cohesion", name: "From this cohesion on", kind: "money", help: "0 to 1: how alike the reports are." },
      { key: "policy.max_a_day", name: "A day at most", kind: "number", max: 1000 },
      { key: "policy.max_open", name: "Not while so many of ours wait for people", kind: "number", max: 1000 },
    ],
  },
];

export type Values = Record<string, string | boolean>;

const lines = (text: string) => text.split("\n").map((one) => one.trim()).filter(Boolean);
const members = (config: FixConfig): Record<string, unknown> => ({
  ...config, ...Object.fromEntries(Object.entries(config.policy ?? {}).map(([key, value]) => [`policy.${key}`, value])),
});

export function valuesOf(config: FixConfig): Values {
  const had = members(config);
  return Object.fromEntries(GROUPS.flatMap((g) => g.fields).map(({ key, kind }) => {
    const v = had[key];
    if (kind === "flag") return [key, v === true];
    return [key, Array.isArray(v) ? v.join("\n") : v === undefined || v === null ? "" : String(v)];
  }));
}

/** All settings anew. A number that is left empty goes back to what holds without it, and so does what is not in the form. */
export function configOf(values: Values): FixConfig {
  const config: Record<string, unknown> = {};
  const policy: Record<string, unknown> = {};
  for (const { key, kind } of GROUPS.flatMap((g) => g.fields)) {
    const [to, name] = key.startsWith("policy.") ? [policy, key.slice(7)] : [config, key];
    const v = values[key];
    if (kind === "flag") to[name] = v === true;
    else if (typeof v !== "string") continue;
    else if (kind === "lines" || key === "rules_off") to[name] = lines(v);
    else if (kind === "number" || kind === "money") v.trim() && (to[name] = Number(v));
    else if (kind === "command") to[name] = v;
    else if (v.trim() || !["forge", "agent", "output"].includes(key)) to[name] = v.trim();
  }
  return { ...config, policy } as FixConfig;
}

/** The agent "custom" has a command, and no other one has. */
export const isAsked = (key: string, values: Values) =>
  (key !== "command" || values["agent"] === "custom") && (key !== "steps" || values["agent"] === "builtin");

export const nameOf = (key: string) => GROUPS.flatMap((g) => g.fields).find((f) => f.key === key)?.name ?? key;
