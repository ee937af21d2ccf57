// Runs in every document before the page's own scripts, and tells what the page sends, receives and shows. It changes
// nothing that the page can see. `tell` takes a text; `settings` are the page profile's selectors.
(tell) => {
  const settings = SETTINGS;
  const now = () => performance.timeOrigin + performance.now();
  const say = (what) => tell(JSON.stringify({ at: now(), ...what }));

  // Where it is.
  const here = (kind) => say({ kind, url: location.href });
  here("document");
  for (const name of ["pushState", "replaceState"]) {
    const native = history[name];
    history[name] = function (...args) {
      const result = native.apply(this, args);
      here("moved");
      return result;
    };
  }
  addEventListener("popstate", () => here("moved"));
  addEventListener("hashchange", () => here("moved"));

  // Its WebSockets. Our listeners come first, so that a frame is told before the page acts on it.
  const isEngine = (url) => /[?&]EIO=\d/.test(url);
  let sockets = 0;
  const NativeSocket = window.WebSocket;
  window.WebSocket = class WebSocket extends NativeSocket {
    #id = null;
    #ours = false;
    constructor(url, ...rest) {
      super(url, ...rest);
      if (!isEngine(this.url)) return;
      const id = (this.#id = `${performance.timeOrigin}/${++sockets}`);
      say({ kind: "socket", id, url: this.url });
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string") say({ kind: "frame", id, dir: "in", text: data });
      });
      this.addEventListener("close", ({ code }) => say({ kind: "closed", id, code, ours: this.#ours }));
    }
    send(data) {
      if (this.#id !== null && typeof data === "string") say({ kind: "frame", id: this.#id, dir: "out", text: data });
      return super.send(data);
    }
    close(...args) {
      this.#ours = true;
      return super.close(...args);
    }
  };

  // Its long-polling.
  const { open, send } = XMLHttpRequest.prototype;
  const requests = new WeakMap();
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    const whole = new URL(url, location.href).href;
    if (isEngine(whole) && whole.includes("transport=polling")) requests.set(this, whole);
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    const url = requests.get(this);
    if (url !== undefined) {
      if (typeof body === "string") say({ kind: "polled", url, dir: "out", text: body });
      else this.addEventListener("load", () => {
        if (this.status === 200) say({ kind: "polled", url, dir: "in", text: this.responseText });
      });
    }
    return send.call(this, body);
  };

  // Its list.
  const isSeen = (element) => element.checkVisibility?.() ?? true;
  const part = (row, selector) => {
    const element = row.querySelector(selector);
    return element !== null && isSeen(element) ? element.textContent.trim() : null;
  };
  const read = (row) => {
    const digits = part(row, settings.badge)?.match(/\d+/);
    return {
      id: settings.id === null ? null : row.getAttribute(settings.id),
      name: part(row, settings.name) ?? "",
      preview: part(row, settings.preview) ?? "",
      badge: digits ? Number(digits[0]) : null,
    };
  };
  let last = "[]";
  const look = () => {
    const rows = [...document.querySelectorAll(settings.row)].filter(isSeen).map(read);
    const text = JSON.stringify(rows);
    if (text === last) return;
    last = text;
    say({ kind: "list", rows });
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}
