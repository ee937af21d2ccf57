// The control API, and the log as it grows. Whatever goes wrong is shown in one place.

import { $ } from "./dom.js";

const BASE = "/__mock/api/";

/** Calls the API; tells what went wrong, and gives undefined then. */
export async function call(method, path, body) {
  try {
    const response = await fetch(BASE + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.message ?? `${response.status} ${response.statusText}`);
    problem(null);
    return answer;
  } catch (error) {
    problem(error instanceof TypeError ? "The mock does not answer. Is it still running?" : error.message);
    return undefined;
  }
}

export const get = (path) => call("GET", path);

/** A piece of a path. */
export const piece = (text) => encodeURIComponent(text);

/** Says what went wrong; nothing any more, with null. */
export function problem(text) {
  $("problem").hidden = text === null;
  $("problem").textContent = text ?? "";
}

/** Follows the log after an entry: each list of new entries goes to `onEntries`; `onState` hears whether it is live. */
export function follow(after, onEntries, onState) {
  let last = after;
  let source = null;
  const open = () => {
    source = new EventSource(`${BASE}log/live?after=${last}`);
    source.onopen = () => onState(true);
    source.onmessage = (message) => {
      const entries = JSON.parse(message.data);
      last = entries.at(-1).number;
      onEntries(entries);
    };
    source.onerror = () => {
      onState(false);
      // A mock that was started anew counts from 1 again.
      if (source.readyState === EventSource.CLOSED || source.readyState === EventSource.CONNECTING) {
        source.close();
        setTimeout(again, 1000);
      }
    };
  };
  const again = async () => {
    try {
      const about = await (await fetch(`${BASE}about`)).json();
      if (about.newest < last) last = 0;
      problem(null);
      open();
    } catch {
      setTimeout(again, 1000);
    }
  };
  open();
}
