import { defineConfig } from "vite";
import { finish } from "./scripts/finish.js";

// The server allows no inline script or style, so nothing may be inlined; what is hashed is kept for ever.
export default defineConfig({
  plugins: [finish({ firstPageGzipKB: 90 })],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: true,
    manifest: true,
    reportCompressedSize: false,
  },
  // For work on the dashboard itself: `npx vite`, beside a `soulcaster serve`.
  server: { proxy: Object.fromEntries(["/api", "/health", "/login", "/logout"].map((path) => [path, "http://127.0.0.1:8080"])) },
});
