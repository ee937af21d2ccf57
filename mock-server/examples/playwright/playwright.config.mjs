import { defineConfig } from "@playwright/test";

export default defineConfig({
  fullyParallel: true,
  workers: 2,
  reporter: "list",
  use: {
    launchOptions: {
      // A Chromium that is installed already; without it, the one of `npx playwright install chromium`.
      executablePath: process.env.CHROMIUM,
      args: process.env.CHROMIUM ? ["--no-sandbox"] : [],
    },
  },
});
