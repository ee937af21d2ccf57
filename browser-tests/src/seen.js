// Whether an element comes to be seen within so many milliseconds.
(selector, millis) => new Promise((done) => {
  const isSeen = () => {
    const element = document.querySelector(selector);
    return element !== null && (element.checkVisibility?.() ?? true);
  };
  const observer = new MutationObserver(() => isSeen() && over(true));
  const timer = setTimeout(() => over(false), millis);
  const over = (seen) => {
    clearTimeout(timer);
    observer.disconnect();
    done(seen);
  };
  observer.observe(document, { subtree: true, childList: true, attributes: true });
  if (isSeen()) over(true);
})
