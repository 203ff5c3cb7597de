// Mantine speaks our tokens: one accent, our surfaces and lines, in both colour schemes.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const accent = Array.from({ length: 10 }, () => "var(--accent)") as unknown as MantineColorsTuple;

export const theme = createTheme({
  fontFamily: '"Inter Variable", system-ui, sans-serif',
  fontFamilyMonospace: '"JetBrains Mono Variable", ui-monospace, monospace',
  fontSizes: { xs: "11px", sm: "13px", md: "13px", lg: "15px", xl: "16px" },
  colors: { accent },
  primaryColor: "accent",
  defaultRadius: "6px",
  cursorType: "pointer",
  respectReducedMotion: true,
  focusRing: "auto",
});

const shared = {
  "--mantine-color-body": "var(--bg-1)",
  "--mantine-color-text": "var(--text-1)",
  "--mantine-color-dimmed": "var(--text-2)",
  "--mantine-color-placeholder": "var(--text-3)",
  "--mantine-color-error": "var(--stat)",
  "--mantine-color-anchor": "var(--accent-text)",
  "--mantine-color-default": "var(--bg-2)",
  "--mantine-color-default-hover": "var(--bg-3)",
  "--mantine-color-default-color": "var(--text-1)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-primary-color-contrast": "var(--on-accent)",
  "--mantine-color-accent-filled": "var(--accent)",
  "--mantine-color-accent-filled-hover": "color-mix(in srgb, var(--accent) 88%, var(--text-1))",
  "--mantine-color-accent-light": "var(--accent-weak)",
  "--mantine-color-accent-outline": "var(--accent)",
};

export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: shared, dark: shared });
