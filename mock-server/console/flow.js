// Pausing, slowing and reordering what is sent to pages.

import { call, get } from "./api.js";
import { $ } from "./dom.js";

function show({ paused, delay_ms, reorder_ms, held }) {
  $("pause").setAttribute("aria-pressed", String(paused));
  $("pause").textContent = paused ? "Resume" : "Pause";
  for (const [id, value] of [["delay", delay_ms], ["reorder", reorder_ms]]) {
    if (document.activeElement !== $(id)) $(id).value = value;
    $(id).closest("label").classList.toggle("on", value > 0);
  }
  $("held").hidden = held === 0;
  $("held").textContent = `${held} held`;
  document.body.classList.toggle("disturbed", paused || delay_ms > 0 || reorder_ms > 0);
  if (held > 0) setTimeout(refresh, 400);
}

async function change(paused) {
  const number = (id) => Math.max(0, Math.min(600000, Number($(id).value) || 0));
  const flow = await call("PUT", "flow", { paused, delay_ms: number("delay"), reorder_ms: number("reorder") });
  if (flow) show(flow);
}

const isPaused = () => $("pause").getAttribute("aria-pressed") === "true";

export async function refresh() {
  const flow = await get("flow");
  if (flow) show(flow);
}

export function start() {
  $("pause").addEventListener("click", () => change(!isPaused()));
  for (const id of ["delay", "reorder"]) $(id).addEventListener("change", () => change(isPaused()));
  $("flow").addEventListener("submit", (event) => {
    event.preventDefault();
    change(isPaused());
  });
}
