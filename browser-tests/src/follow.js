// Goes to an address within the document: by the page's own link as soon as there is one, or, where it differs by the
// fragment alone, by the fragment. Gives how it went, or null where there is no way within so many milliseconds.
(address, millis) => new Promise((done) => {
  const wanted = new URL(address);
  const isSame = (url) => url.origin === wanted.origin && url.pathname === wanted.pathname && url.hash === wanted.hash;
  const link = () => [...document.querySelectorAll("a[href]")].find((it) => it.href && isSame(new URL(it.href)));
  const follow = () => {
    const found = link();
    if (found === undefined) return false;
    over("link");
    found.click();
    return true;
  };
  const observer = new MutationObserver(follow);
  const timer = setTimeout(() => over(null), millis);
  const over = (by) => {
    clearTimeout(timer);
    observer.disconnect();
    done(by);
  };
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  if (follow()) return;
  if (wanted.hash !== "" && wanted.pathname === location.pathname) {
    over("fragment");
    location.hash = wanted.hash;
  }
})
