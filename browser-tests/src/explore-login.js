// Which of these selectors matches nothing in this page, and which fields and buttons there are instead.
(selectors) => {
  const matches = (selector) => { try { return document.querySelector(selector) !== null; } catch { return false; } };
  const unmatched = selectors.findIndex((selector) => !matches(selector));
  const attribute = (it, name) => (it.getAttribute(name) ? `[${name}=${it.getAttribute(name)}]` : "");
  const found = [...document.querySelectorAll("input, button")].slice(0, 12)
    .map((it) => `\`${it.localName}${it.id ? `#${it.id}` : ""}${attribute(it, "name")}${attribute(it, "type")}\``);
  return { page: location.href, unmatched: unmatched < 0 ? null : unmatched, found };
}
