// After the bundle: brotli beside each file (gzip is made when they are embedded), and a check of how much
// JavaScript the first page loads.
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const PACKED = /\.(js|css|svg|html)$/;

async function compress(folder) {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await compress(path);
    else if (PACKED.test(entry.name)) {
      const bytes = await readFile(path);
      await writeFile(`${path}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    }
  }
}

/** The files that a chunk of the manifest loads before it runs. */
function loadedWith(manifest, key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key);
    for (const next of manifest[key].imports ?? []) loadedWith(manifest, next, seen);
  }
  return seen;
}

async function firstPageBytes(folder, manifest) {
  const entry = Object.keys(manifest).find((key) => manifest[key].isEntry);
  const first = Object.keys(manifest).find((key) => key.includes("pages/issues/"));
  const keys = loadedWith(manifest, entry);
  if (first) loadedWith(manifest, first, keys);
  let bytes = 0;
  for (const key of keys) bytes += gzipSync(await readFile(join(folder, manifest[key].file))).length;
  return bytes;
}

export function finish({ firstPageGzipKB }) {
  let folder = "";
  return {
    name: "finish",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    async closeBundle() {
      const path = join(folder, ".vite/manifest.json");
      const bytes = await firstPageBytes(folder, JSON.parse(await readFile(path, "utf8")));
      await rm(join(folder, ".vite"), { recursive: true });
      const size = `${(bytes / 1024).toFixed(1)} KB of JavaScript on the first page (gzip)`;
      if (bytes > firstPageGzipKB * 1024) throw new Error(`${size}: more than the ${firstPageGzipKB} that it may have`);
      await compress(folder);
      console.log(size);
    },
  };
}
