// Puts the parts together: what comes by the log says which of them have to look again.

import { call, follow, get } from "./api.js";
import * as connections from "./connections.js";
import { $, settled } from "./dom.js";
import * as faults from "./faults.js";
import * as flow from "./flow.js";
import * as log from "./log.js";
import * as phone from "./phone.js";
import * as player from "./player.js";

const refreshConnections = settled(connections.refresh);
const refreshFaults = settled(faults.refresh);
const refreshFlow = settled(flow.refresh);
const refreshPhone = settled(phone.refresh);
const refreshPlayer = settled(player.refresh);
const refreshCustomers = settled(phone.refreshCustomers, 500);

/** Which parts an entry may have changed. */
function concerned({ kind, event }) {
  switch (kind) {
    case "connected":
    case "disconnected":
    case "emitted":
      refreshConnections();
      if (kind === "emitted") refreshPhone();
      break;
    case "broadcast":
    case "provider":
    case "http":
      refreshPhone();
      refreshCustomers();
      break;
    case "control":
      for (const refresh of [refreshConnections, refreshFaults, refreshFlow, refreshPhone]) refresh();
      if (event === "reset") refreshCustomers();
      if (event === "reset" || event === "scenario") refreshPlayer();
      break;
  }
}

function onEntries(entries) {
  log.add(entries);
  entries.forEach(concerned);
  if (faults.isCounting()) refreshFaults();
  if (document.body.classList.contains("disturbed")) refreshFlow();
}

function onState(isLive) {
  $("live").textContent = isLive ? "live" : "not connected";
  $("live").classList.toggle("on", isLive);
  if (isLive) for (const refresh of [refreshConnections, refreshFaults, refreshFlow, refreshPhone]) refresh();
}

function views() {
  for (const button of document.querySelectorAll("[data-show]")) {
    button.addEventListener("click", () => {
      document.body.dataset.view = button.dataset.show;
      for (const other of document.querySelectorAll("[data-show]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      refreshPhone();
    });
  }
}

async function start() {
  views();
  log.start();
  connections.start((id) => {
    log.narrow(id);
    document.querySelector('[data-show="log"]').click();
  });
  faults.start();
  flow.start();
  $("reset").addEventListener("click", () => call("POST", "reset"));
  const about = await get("about");
  if (!about) {
    setTimeout(() => location.reload(), 2000);
    return;
  }
  $("title").textContent = about.title;
  document.title = `Mock console · ${about.title}`;
  const { entries, newest } = await get("log?limit=1000");
  log.add(entries);
  follow(newest, onEntries, onState);
  await player.start();
  await phone.start(about);
}

start();
