// What a profile's selectors match in this page, and where a text stands in it.
(selectors, text) => {
  const brief = (words, length) => (words.length > length ? `${words.slice(0, length)}…` : words);
  const words = (element) => element.textContent.replace(/\s+/g, " ").trim();
  const name = (element) => {
    const id = element.id === "" ? "" : `#${element.id}`;
    return element.localName + id + [...element.classList].map((it) => `.${it}`).join("");
  };
  const invalid = Object.entries(selectors).flatMap(([key, selector]) => {
    try {
      document.querySelector(selector);
      return [];
    } catch (error) {
      return [[key, error.message]];
    }
  });
  const result = { rows: 0, invalid: invalid[0] ?? null, path: null, parts: null, within: [], shows: "" };
  result.shows = JSON.stringify(brief(document.body.innerText.replace(/\s+/g, " ").trim(), 200));
  if (result.invalid !== null) return result;
  const rows = [...document.querySelectorAll(selectors.row)];
  result.rows = rows.length;
  const holds = [...document.body.querySelectorAll("*")].filter((it) => !["script", "style"].includes(it.localName))
    .filter((it) => it.textContent.includes(text) && ![...it.children].some((child) => child.textContent.includes(text)));
  if (holds.length > 0) {
    const path = [];
    for (let it = holds[0]; it !== null && it !== document.body && path.length < 5; it = it.parentElement) path.unshift(`\`${name(it)}\``);
    result.path = path.join(" > ");
  }
  const row = rows.find((it) => it.textContent.includes(text));
  if (row !== undefined) {
    const part = (selector) => {
      const element = row.querySelector(selector);
      return element === null ? null : brief(words(element), 60);
    };
    result.parts = { name: part(selectors.name), preview: part(selectors.preview), badge: part(selectors.badge) };
    result.within = [...row.querySelectorAll("*")].filter((it) => it.children.length === 0).slice(0, 12)
      .map((it) => `\`${name(it)}\` ${JSON.stringify(brief(words(it), 40))}`);
  }
  return result;
}
