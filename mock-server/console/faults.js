// Every fault, area by area: one click switches it on, for ever or for so many times.

import { call, get } from "./api.js";
import { $, h, settled } from "./dom.js";

let faults = [];
const open = new Set();

async function toggle(fault) {
  const times = Number($("fault-times").value);
  if (fault.on) await call("DELETE", `faults/${fault.id}`);
  else await call("PUT", `faults/${fault.id}`, times > 0 ? { count: times } : {});
  await refresh();
}

function row(fault) {
  const state = !fault.on ? null : fault.left === null ? "on" : `${fault.left} left`;
  const button = h("button", {
    type: "button", class: "fault", "aria-pressed": String(fault.on), "data-fault": fault.id, title: fault.about,
    disabled: fault.from_start_only, onclick: () => toggle(fault),
  }, h("span", {}, fault.id), state && h("b", {}, state));
  const note = fault.from_start_only ? `${fault.about} Only from the start, by --fault ${fault.id}.` : fault.about;
  return h("li", {}, button, h("p", {}, note));
}

function area([title, faults], isOpen) {
  const on = faults.filter((fault) => fault.on).length;
  const details = h("details", { open: isOpen },
    h("summary", {}, title, h("span", { class: "muted" }, on > 0 ? ` ${on} on` : ` ${faults.length}`)),
    h("ul", {}, faults.map(row)));
  details.addEventListener("toggle", () => (details.open ? open.add(title) : open.delete(title)));
  return details;
}

function show() {
  const text = $("fault-search").value.trim().toLowerCase();
  const wanted = faults.filter(({ id, about, violates }) => [id, about, ...violates].some((own) => own.toLowerCase().includes(text)));
  const on = faults.filter((fault) => fault.on);
  const areas = Object.entries(Object.groupBy(wanted, (fault) => fault.area));
  const focused = document.activeElement?.dataset?.fault;
  $("fault-list").replaceChildren(
    ...(on.length > 0 && text === "" ? [h("ul", { class: "active", "aria-label": "Faults that are on" }, on.map(row))] : []),
    ...areas.map((entry) => area(entry, text !== "" || open.has(entry[0]))),
    ...(areas.length === 0 ? [h("p", { class: "empty" }, "No fault has this in its name or description.")] : []));
  if (focused) $("fault-list").querySelector(`[data-fault="${focused}"]`)?.focus();
  $("fault-count").textContent = on.length || "";
  $("faults-off").hidden = on.length === 0;
}

/** Whether a fault is on that goes off by itself. */
export const isCounting = () => faults.some((fault) => fault.left !== null);

export async function refresh() {
  const answer = await get("faults");
  if (!answer || JSON.stringify(answer) === JSON.stringify(faults)) return;
  faults = answer;
  show();
}

export function start() {
  $("fault-search").addEventListener("input", settled(async () => show(), 60));
  $("faults-off").addEventListener("click", async () => {
    await call("DELETE", "faults");
    await refresh();
  });
}
