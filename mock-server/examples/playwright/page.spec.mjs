import { pathToFileURL } from "node:url";
import { expect, test } from "./mock.mjs";

const PAGE = pathToFileURL("page.html");

test.beforeEach(async ({ page, mock }) => {
  await page.goto(`${PAGE}?mock=${mock.url}`);
  // The page is ready when it was told that it is in its room: no sleeping, no guessing.
  await mock.post("wait", { event: "join_room_response", payload: { status: 1, room: "PartnerApp" } });
});

test("a message shows without a reload", async ({ page, mock }) => {
  await mock.post("phones/Partner/15550100001/messages", { name: "Noor", text: "Where is my driver?" });
  await expect(page.locator("#chats li")).toHaveText("Noor: Where is my driver?");
});

test("a message that is delivered twice shows once", async ({ page, mock }) => {
  await mock.put("faults/broadcast-twice", { count: 1 });
  const { after } = await mock.post("phones/Partner/15550100001/messages", { text: "Hello" });
  const first = await mock.post("wait", { event: "room_update", after });
  await mock.post("wait", { event: "room_update", after: first.entry.number });
  await expect(page.locator("#chats li")).toHaveCount(1);
});

test("the page joins its room again when its connection was cut", async ({ page, mock }) => {
  const { newest } = await mock.get("log?limit=1");
  await mock.post("connections/drop");
  await mock.post("wait", { event: "join_room", direction: "emitted", after: newest });
  await mock.post("phones/Partner/15550100001/messages", { name: "Noor", text: "Still there?" });
  await expect(page.locator("#chats li")).toHaveText("Noor: Still there?");
});
