// A customer's phone: writes messages of any kind, shows what agents answer, and tells by receipts that it was seen.

import { call, get, piece } from "./api.js";
import { $, h, settled } from "./dom.js";

const TICKS = { sent: ["✓", "sent"], delivered: ["✓✓", "delivered"], read: ["✓✓", "read"], failed: ["!", "failed"] };

let shown = "";

const path = () => `phones/${piece($("customer-type").value)}/${piece($("number").value)}`;
const isSomebody = () => $("number").value !== "" && $("number").validity.valid;

function line({ own, text, media_type, time, tick }) {
  const [mark, name] = TICKS[tick] ?? [];
  const when = new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  return h("li", { class: own ? "own" : "agents" },
    media_type && h("span", { class: "media" }, media_type),
    h("span", { class: "words" }, text),
    h("small", {}, own ? "" : "agent · ", when, mark && h("span", { class: `tick ${tick}`, title: name, "aria-label": name }, ` ${mark}`)));
}

/** Shows what the phone shows; and says that it was seen, where it was. */
export async function refresh() {
  if (!isSomebody()) return;
  const at = path();
  const screen = await get(at);
  if (!screen || at !== path()) return;
  const list = $("messages");
  const isAtEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  const now = JSON.stringify([at, screen]);
  if (now !== shown) {
    const isOther = !shown.startsWith(JSON.stringify([at]).slice(0, -1));
    shown = now;
    $("caller").textContent = screen.phone?.name ?? $("number").value;
    $("caller-detail").textContent = screen.phone ? `${screen.phone.customer_type} · ${screen.phone.number}` : "has not written yet";
    list.replaceChildren(...screen.messages.map(line));
    if (isAtEnd || isOther) list.scrollTop = list.scrollHeight;
  }
  const isUnread = screen.messages.some(({ tick }) => tick === "sent" || tick === "delivered");
  if (isUnread && $("receipts").checked && !document.hidden && $("messages").offsetParent !== null) {
    const acknowledged = await call("POST", `${at}/receipts`, { status: "read" });
    if (acknowledged?.message_ids.length > 0) await refresh();
  }
}

async function customers() {
  const phones = await get(`phones?customer_type=${piece($("customer-type").value)}`);
  if (!phones) return;
  $("numbers").replaceChildren(...phones.map(({ number, name }) => h("option", { value: number }, name ?? number)));
  if ($("number").value === "") $("number").value = phones[0]?.number ?? "15550100001";
}

async function send() {
  if (!isSomebody()) {
    $("number").reportValidity();
    return;
  }
  const text = $("text").value;
  const kind = $("kind").value;
  if (kind === "text" && text === "") return;
  const sent = await call("POST", `${path()}/messages`, text === "" ? { kind } : { kind, text });
  if (!sent) return;
  $("text").value = "";
  grow();
  await refresh();
  $("messages").scrollTop = $("messages").scrollHeight;
}

function grow() {
  $("text").style.height = "auto";
  $("text").style.height = `${Math.min($("text").scrollHeight, 140)}px`;
}

export async function start({ routes, kinds }) {
  const writing = routes.filter((route) => route.channel !== null);
  $("customer-type").replaceChildren(...writing.map(({ customer_type }) => h("option", {}, customer_type)));
  $("kind").replaceChildren(...kinds.map((kind) => h("option", { value: kind }, kind.replaceAll("_", " "))));
  $("customer-type").addEventListener("change", async () => {
    $("number").value = "";
    await customers();
    await refresh();
  });
  $("number").addEventListener("input", settled(refresh, 250));
  $("receipts").addEventListener("change", refresh);
  document.addEventListener("visibilitychange", refresh);
  $("who").addEventListener("submit", (event) => event.preventDefault());
  $("write").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  $("text").addEventListener("input", grow);
  $("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    }
  });
  await customers();
  await refresh();
}

/** The customers, after a message of one who had not written before. */
export const refreshCustomers = customers;
