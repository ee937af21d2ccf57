// Who is connected: on which transport, in which rooms; and ending that.

import { call, get } from "./api.js";
import { $, h } from "./dom.js";

let narrow = () => {};
let shown = "";

function row({ id, transport, agent, rooms }) {
  const places = rooms.length === 0 ? [h("span", { class: "muted" }, "in no room")] : rooms.map((room) => h("span", { class: "room" }, room));
  return h("li", {},
    h("button", { type: "button", class: "id", title: `Show only what concerns ${id}`, onclick: () => narrow(id) }, id),
    h("span", { class: `transport ${transport}` }, transport),
    h("span", { class: "agent" }, agent ?? "without a token"),
    h("button", { type: "button", class: "quiet drop", title: `Cut ${id}'s connection`, "aria-label": `Drop ${id}`, onclick: () => drop(id) }, "Drop"),
    h("span", { class: "rooms" }, places));
}

async function drop(id) {
  await call("POST", `connections/${id}/drop`);
  await refresh();
}

export async function refresh() {
  const connections = await get("connections");
  // What has not changed is left alone: somebody may be about to click on it.
  if (!connections || JSON.stringify(connections) === shown) return;
  shown = JSON.stringify(connections);
  $("page-count").textContent = connections.length || "";
  $("drop-all").disabled = connections.length === 0;
  $("connections").replaceChildren(...(connections.length === 0
    ? [h("li", { class: "empty" }, "No page is connected.")]
    : connections.map(row)));
}

/** `narrowTo` shows only what concerns one page. */
export function start(narrowTo) {
  narrow = narrowTo;
  $("drop-all").addEventListener("click", async () => {
    await call("POST", "connections/drop");
    await refresh();
  });
}
