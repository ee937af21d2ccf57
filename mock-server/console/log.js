// The log: a line for each entry, with its payload to be opened. Bounded, as the log itself is.

import { $, clock, h } from "./dom.js";
import { gist } from "./gist.js";

const MOST_LINES = 2000;

const KINDS = [
  ["in", "In", ["emitted"]],
  ["out", "Out", ["answered", "broadcast"]],
  ["pages", "Pages", ["connected", "disconnected", "refused"]],
  ["http", "HTTP", ["http", "provider"]],
  ["control", "Control", ["control"]],
];
const GROUP = Object.fromEntries(KINDS.flatMap(([group, , kinds]) => kinds.map((kind) => [kind, group])));
const ARROWS = { emitted: "→", answered: "←", broadcast: "⇇", connected: "+", disconnected: "−", refused: "×", http: "⇄", provider: "↗", control: "●" };

const hidden = new Set();
let connection = null;
let isFollowing = true;

function who(entry) {
  const { kind, connection, room, members, to = [] } = entry;
  if (kind === "broadcast") {
    const count = members === 0 ? "nobody" : members === 1 ? "1 page" : `${members} pages`;
    return h("span", { class: members === 0 ? "who nobody" : "who", title: to.join(", ") }, `${room} · ${count}`);
  }
  return connection ? h("span", { class: "who" }, connection) : null;
}

function line(entry) {
  const { number, time, kind, event, status, payload, detail } = entry;
  const rest = [
    h("time", { datetime: time }, clock(time)),
    h("span", { class: "arrow", title: kind }, ARROWS[kind]),
    h("span", { class: "event" }, event ?? kind),
    who(entry),
    status && h("span", { class: status >= 400 ? "status bad" : "status" }, String(status)),
    h("span", { class: "preview" }, [detail, gist(payload)].filter(Boolean).join("  ")),
  ];
  const element = payload === undefined
    ? h("li", {}, h("div", { class: "line" }, rest))
    : h("li", {}, h("details", { ontoggle: opened }, h("summary", { class: "line" }, rest)));
  const isRefusal = kind === "answered" && payload?.status === 0;
  element.className = `entry ${GROUP[kind]} ${isRefusal ? "refused" : kind}`;
  element.dataset.number = number;
  element.entry = entry;
  element.text = JSON.stringify(entry).toLowerCase();
  element.hidden = !admits(element);
  return element;
}

/** Payloads are laid out when somebody looks. */
function opened(event) {
  const details = event.currentTarget;
  if (!details.open || details.querySelector("pre")) return;
  const { payload, detail, to } = details.parentElement.entry;
  details.append(h("div", { class: "whole-entry" },
    detail && h("p", {}, detail),
    to?.length > 0 && h("p", { class: "muted" }, `heard by ${to.join(", ")}`),
    h("pre", { tabindex: "0" }, JSON.stringify(payload, null, 2))));
  details.scrollIntoView({ block: "nearest" });
}

function admits({ entry, text }) {
  const search = $("log-search").value.trim().toLowerCase();
  return !hidden.has(GROUP[entry.kind])
    && (search === "" || text.includes(search))
    && (connection === null || entry.connection === connection || (entry.to ?? []).includes(connection));
}

function filter() {
  for (const element of $("entries").children) element.hidden = !admits(element);
  toEnd();
}

function toEnd() {
  const list = $("entries");
  if (isFollowing) list.scrollTop = list.scrollHeight;
  $("newest").hidden = isFollowing;
}

/** Shows only what concerns one page; everything, with null. */
export function narrow(id) {
  connection = id;
  $("log-page").hidden = id === null;
  $("log-page").replaceChildren(...(id === null ? [] : [
    `Only what concerns ${id}. `,
    h("button", { type: "button", class: "quiet", onclick: () => narrow(null) }, "Show all"),
  ]));
  filter();
}

/** Adds entries at the end. */
export function add(entries) {
  const list = $("entries");
  const reset = entries.findLastIndex((entry) => entry.kind === "control" && entry.event === "reset");
  if (reset >= 0) list.replaceChildren();
  list.append(...entries.slice(Math.max(reset, 0)).slice(-MOST_LINES).map(line));
  while (list.childElementCount > MOST_LINES) list.firstElementChild.remove();
  toEnd();
}

export function start() {
  $("kinds").append(...KINDS.map(([group, title]) => h("button", {
    type: "button", class: `chip ${group}`, "aria-pressed": "true",
    onclick: (event) => {
      const isOn = event.currentTarget.getAttribute("aria-pressed") !== "true";
      event.currentTarget.setAttribute("aria-pressed", String(isOn));
      if (isOn) hidden.delete(group);
      else hidden.add(group);
      filter();
    },
  }, title)));
  $("log-search").addEventListener("input", filter);
  $("log-clear").addEventListener("click", () => $("entries").replaceChildren());
  $("entries").addEventListener("scroll", () => {
    const list = $("entries");
    isFollowing = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
    $("newest").hidden = isFollowing;
  });
  $("newest").addEventListener("click", () => {
    isFollowing = true;
    toEnd();
  });
}
