// A source's settings between the API and a form: what is typed is text, what is sent is what the setting's type says.
import type { SourceSetting } from "../../api/contract";

export type Config = Record<string, unknown>;
export type Values = Record<string, string>;

const lines = (text: string) => text.split("\n").map((one) => one.trim()).filter(Boolean);

/** What the fields of a form show; secrets are never known. */
export function valuesOf(settings: SourceSetting[], config: Config): Values {
  return Object.fromEntries(settings.map(({ key, type }) => {
    const v = config[key];
    if (type === "secret" || type === "secrets" || v === undefined || v === null) return [key, ""];
    return [key, Array.isArray(v) ? v.join("\n") : String(v)];
  }));
}

/** What is sent: all settings anew. Secrets that are not typed again are kept, unless `forget`. */
export function configOf(settings: SourceSetting[], values: Values, had: Config, forget: boolean): Config {
  const known = new Set(settings.map((s) => s.key));
  const config: Config = Object.fromEntries(Object.entries(had).filter(([key]) => !known.has(key) && key !== "secret_set"));
  for (const { key, type } of settings) {
    const text = (values[key] ?? "").trim();
    if (!text) continue;
    if (type === "bool") config[key] = text === "true";
    else if (type === "int") config[key] = Number(text);
    else if (type === "names" || type === "choices" || type === "secrets") config[key] = lines(text);
    else config[key] = text;
  }
  if (had["secret_set"] && !forget && !("secret" in config) && !("secrets" in config)) config["secret_set"] = true;
  return config;
}
