// How the web application is built: into the Python package, with the size of its entry checked against the budget.
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const ENTRY_BUDGET_KB = 200; // gzip, all scripts that the first page must load

function entryBudget(): Plugin {
  return {
    name: "entry-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const needed = new Set<string>();
      const visit = (file: string): void => {
        const chunk = bundle[file];
        if (needed.has(file) || chunk?.type !== "chunk") return;
        needed.add(file);
        chunk.imports.forEach(visit);
      };
      for (const chunk of Object.values(bundle)) if (chunk.type === "chunk" && chunk.isEntry) visit(chunk.fileName);
      let bytes = 0;
      for (const file of needed) {
        const chunk = bundle[file];
        if (chunk?.type === "chunk") bytes += gzipSync(chunk.code).length;
      }
      const kilobytes = bytes / 1000;
      const line = `initial scripts: ${kilobytes.toFixed(1)} kB gzip (budget ${ENTRY_BUDGET_KB} kB)`;
      if (kilobytes > ENTRY_BUDGET_KB) this.error(line);
      console.log(line);
    },
  };
}

export default defineConfig({
  plugins: [react(), entryBudget()],
  build: {
    outDir: "../src/filmless/servers/pages/assets",
    emptyOutDir: true,
    assetsInlineLimit: 0, // inlined fonts and pictures would break the Content Security Policy
    modulePreload: { polyfill: false }, // the polyfill is an inline script
    target: "es2022",
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ["/api", "/dicomweb"].map((path) => [path, process.env["FILMLESS_URL"] ?? "http://127.0.0.1:8080"]),
    ),
  },
});
