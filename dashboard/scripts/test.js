// Runs tests/*.test.ts with node's own runner: esbuild (which Vite brings) makes JavaScript of them first.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";

const here = new URL("../tests/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "soul-dashboard-"));
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
buildSync({ entryPoints: tests.map((name) => join(here, name)), outdir: folder, outExtension: { ".js": ".mjs" }, bundle: true, platform: "node", format: "esm", packages: "external" });
const files = tests.map((name) => join(folder, name.replace(/ts$/, "mjs")));
const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit" });
rmSync(folder, { recursive: true });
process.exit(status ?? 1);
