// A mock of its own for each worker, so that tests run in parallel and do not hear one another.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test as base } from "@playwright/test";

export { expect } from "@playwright/test";

export const test = base.extend({
  server: [async ({}, use) => {
    const process_ = spawn(process.env.MOCK_SERVER ?? "mock-server", ["--port", "0", "--no-sample-chats"], {
      // It ends with its standard input: no mock outlives its tests.
      env: { ...process.env, EXIT_WITH_PARENT: "1" },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let url;
    for await (const line of createInterface({ input: process_.stdout })) {
      if (line.startsWith("listening on ")) {
        url = line.slice("listening on ".length);
        break;
      }
    }
    if (!url) throw new Error("mock-server did not say where it listens: is it on the PATH, or in MOCK_SERVER?");
    await use(url);
    process_.kill();
  }, { scope: "worker" }],

  // The control API, after a reset: `mock.post("wait", {…})`, `mock.put("faults/broadcast-twice", { count: 1 })`.
  mock: async ({ server, request }, use) => {
    const call = async (method, path, data) => {
      const response = await request.fetch(`${server}/__mock/api/${path}`, { method, data });
      const answer = await response.json();
      if (!response.ok()) throw new Error(`${method} ${path}: ${answer.message}`);
      return answer;
    };
    const mock = {
      url: server,
      get: (path) => call("GET", path),
      put: (path, data) => call("PUT", path, data),
      post: (path, data) => call("POST", path, data),
    };
    await mock.post("reset", { connections: "drop" });
    await use(mock);
  },
});
