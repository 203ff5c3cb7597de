// How the web application is built: into the Python package, with the size of its entry checked against the budget.
import { gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const BUDGET_KB = 200; // gzip, the entry and the study list, with all that they import: what comes before any image

function entryBudget(): Plugin {
  return {
    name: "entry-budget",
    apply: "build",
    generateBundle(_options, bundle) {
      const gzipped = (roots: string[]): number => {
        const needed = new Set<string>();
        const visit = (file: string): void => {
          const chunk = bundle[file];
          if (needed.has(file) || chunk?.type !== "chunk") return;
          needed.add(file);
          chunk.imports.forEach(visit);
        };
        roots.forEach(visit);
        return [...needed].reduce((sum, file) => {
          const chunk = bundle[file];
          return sum + (chunk?.type === "chunk" ? gzipSync(chunk.code).length : 0);
        }, 0);
      };
      const chunks = Object.values(bundle).filter((chunk) => chunk.type === "chunk");
      const entry = chunks.filter((chunk) => chunk.isEntry).map((chunk) => chunk.fileName);
      const list = chunks.filter((chunk) => chunk.facadeModuleId?.endsWith("/src/pages/worklist.tsx")).map((chunk) => chunk.fileName);
      const kilobytes = gzipped([...entry, ...list]) / 1000;
      const line = `initial scripts: ${(gzipped(entry) / 1000).toFixed(1)} kB gzip, with the study list ${kilobytes.toFixed(1)} kB (budget ${BUDGET_KB} kB)`;
      if (kilobytes > BUDGET_KB) this.error(line);
      console.log(line);
      for (const page of chunks.filter((chunk) => chunk.facadeModuleId?.includes("/src/pages/"))) {
        console.log(`  with ${page.name}: ${(gzipped([...entry, page.fileName]) / 1000).toFixed(1)} kB gzip`);
      }
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
