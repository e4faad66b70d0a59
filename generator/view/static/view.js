"use strict";
/* Parts of a page that change while it is open are fetched anew, as often as they ask for it. Without this script
   everything can still be read. */
for (const part of document.querySelectorAll("[data-part]")) {
  const look = async () => {
    try {
      const answer = await fetch(part.dataset.part);
      if (!answer.ok) return;
      const opened = part.querySelector("details")?.open;
      part.innerHTML = await answer.text();
      if (opened !== undefined) part.querySelector("details").open = opened;
      wait(part.querySelector("[data-next]")?.dataset.next);
    } catch {
      wait(10); // the viewer may have been stopped, and may come back
    }
  };
  const wait = (seconds) => {
    if (seconds) setTimeout(look, 1000 * seconds);
  };
  wait(part.dataset.again);
}
