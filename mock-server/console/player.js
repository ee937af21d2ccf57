// The scenario player: which timeline is played, how fast, and how far it has come.

import { call, get } from "./api.js";
import { $, h } from "./dom.js";

let playing = null;

/** Hours, minutes and seconds of a scenario's own time. */
function time(milliseconds) {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (number) => String(number).padStart(2, "0");
  const minutes = `${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return seconds >= 3600 ? `${Math.floor(seconds / 3600)}:${minutes}` : minutes;
}

function show(state) {
  playing = state;
  const { playing: on, scenario, speed, done, steps, at_ms, length_ms, trouble } = state;
  $("play").textContent = on ? "Stop" : "Play";
  $("play").setAttribute("aria-pressed", String(on));
  $("scenario").disabled = on;
  if (on) $("scenario").value = scenario;
  if (on && document.activeElement !== $("speed")) $("speed").value = speed;
  $("progress").hidden = !on;
  $("progress").max = Math.max(1, length_ms);
  $("progress").value = at_ms;
  $("played").hidden = !on && trouble === null;
  $("played").textContent = on ? `${time(at_ms)} of ${time(length_ms)}, ${done} of ${steps} steps` : "";
  if (trouble !== null) $("played").append(h("b", { class: "trouble", title: trouble }, ` ${trouble}`));
  if (on) setTimeout(refresh, 500);
}

/** How fast it is to be; as its file says, where nothing sensible is written. */
const speed = () => Math.min(100000, Math.max(0.001, Number($("speed").value) || 1));

export async function refresh() {
  const state = await get("player");
  if (state) show(state);
}

async function listed() {
  const scenarios = await get("scenarios");
  if (!scenarios) return;
  $("player").hidden = scenarios.length === 0;
  $("scenario").replaceChildren(...scenarios.map(({ name, about, messages, length_ms }) =>
    h("option", { value: name, title: `${about ?? ""} (${messages} messages in ${time(length_ms)})` }, name)));
}

export async function start() {
  const begin = () => call("PUT", "player", { scenario: $("scenario").value, speed: speed() });
  const act = async (asked) => {
    const state = await asked;
    if (state) show(state);
  };
  $("play").addEventListener("click", () => act(playing?.playing ? call("DELETE", "player") : begin()));
  // Enter in the speed begins; while something is played it only changes the speed, which `change` does.
  $("player").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!playing?.playing) act(begin());
  });
  $("speed").addEventListener("change", async () => {
    if (playing?.playing) await call("PATCH", "player", { speed: speed() });
  });
  await listed();
  await refresh();
}
