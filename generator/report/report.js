"use strict";
// Filters the list, and unpacks a transcript when it is opened. Text is only ever set as text.
(() => {
  const list = document.getElementById("list");
  const form = document.getElementById("filters");
  const count = document.getElementById("count");
  const items = Array.from(list.children, (item) => ({ item, filters: JSON.parse(item.dataset.filters) }));

  function element(name, classes, ...children) {
    const made = document.createElement(name);
    if (classes) made.className = classes;
    made.append(...children);
    return made;
  }
  function directed(name, classes, text) {
    const made = element(name, classes, text);
    made.dir = "auto";
    return made;
  }
  const bdi = (text, classes) => element("bdi", classes, text);
  const counted = (number, one) => `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;

  function finding(found) {
    const made = element("li", `mark finding ${found.severity}`, element("b", "", found.severity), " ",
      element("code", "", found.code), " ", bdi(found.message));
    if (found.words) made.append(" ", directed("q", "", found.words));
    return made;
  }
  function marks(turn) {
    return [
      ...turn.notes.map((note) => element("li", "mark note", note)),
      ...turn.trims.map((trim) => element("li", "mark trim", element("b", "", "trimmed"), ` ${trim.what} `,
        directed("del", "", trim.removed))),
      ...turn.findings.map(finding),
      ...turn.told.map((thing) => element("li", "mark told", element("b", "", thing.how), " ", bdi(thing.what))),
    ];
  }
  function turnOf(session, turn) {
    const sign = element("span", "sign", turn.sign);
    sign.setAttribute("aria-hidden", "true");
    const who = element("p", "who", element("span", "n", `${turn.n}`), " ", sign, " ", element("b", "", turn.speaker));
    if (turn.name) who.append(" ", bdi(turn.name, "name"));
    who.append(" ", element("span", "tokens", counted(turn.tokens, "token")));
    const said = element("div", "said", ...turn.paragraphs.map((text) => directed("p", "", text)));
    if (turn.cut) said.lastChild.append(" ", element("span", "mark cut-off", "cut off"));
    const made = element("li", `turn ${turn.class}${turn.cut ? " cut" : ""}`, who, said);
    made.id = `t-${session.key}-${turn.n}`;
    const found = marks(turn);
    if (found.length) made.append(element("ul", "marks", ...found));
    return made;
  }
  function about(session) {
    const line = element("p", "about", bdi(session.people), ` · ${session.structure} · prompt set ${session.prompts} · model `,
      bdi(session.model));
    for (const [name, level] of session.cell) line.append(` · ${name} `, bdi(level));
    const made = [line];
    if (session.message) made.push(element("p", "about ended", `${session.end}: `, bdi(session.message)));
    for (const reason of session.sensitive) {
      made.push(element("p", "about care", element("b", "", "Needs care"), " ", bdi(reason)));
    }
    if (session.scripted) made.push(element("p", "about", document.body.dataset.scripted));
    if (session.findings.length) made.push(element("ul", "marks", ...session.findings.map(finding)));
    return made;
  }
  function transcript(session) {
    return element("div", "transcript", ...about(session),
      element("ol", "turns", ...session.turns.map((turn) => turnOf(session, turn))));
  }

  async function unpacked(key) {
    const packed = document.getElementById(`pack-${key}`).textContent;
    const bytes = Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return JSON.parse(await new Response(stream).text());
  }
  const shown = new Map();
  function show(details) {
    if (!shown.has(details)) {
      shown.set(details, unpacked(details.id.slice(2)).then((session) => details.append(transcript(session)), say));
    }
    return shown.get(details);
  }
  function say(problem) {
    const place = document.getElementById("problem");
    place.textContent = `A transcript could not be unpacked (${problem.message}). A current browser is needed.`;
    place.hidden = false;
  }

  function filter() {
    const wanted = [...new FormData(form)].filter(([, value]) => value);
    let found = 0;
    for (const { item, filters } of items) {
      item.hidden = !wanted.every(([name, value]) => filters[name].includes(value));
      found += !item.hidden;
    }
    count.textContent = wanted.length ? `${found.toLocaleString("en")} of ${counted(items.length, "session")}`
      : counted(items.length, "session");
    return wanted;
  }
  function remember() {
    const wanted = new URLSearchParams(filter()).toString();
    history.replaceState(null, "", wanted ? `#${wanted}` : "#sessions");
  }

  async function follow() {
    const place = location.hash.slice(1);
    const named = /^[st]-(\d+-\d+)(?:-\d+)?$/.exec(place);
    const details = named && document.getElementById(`s-${named[1]}`);
    if (details) {
      if (details.parentElement.hidden) {
        form.reset();
        filter();
      }
      details.open = true;
      await show(details);
      document.getElementById(place)?.scrollIntoView();
      details.firstElementChild.focus({ preventScroll: true });
    } else if (place.includes("=")) {
      form.reset();
      for (const [name, value] of new URLSearchParams(place)) {
        const field = form.elements.namedItem(name);
        if (field instanceof HTMLSelectElement) field.value = value;
      }
      filter();
      document.getElementById("sessions").scrollIntoView();
    }
  }

  list.addEventListener("toggle", (event) => event.target.open && show(event.target), true);
  form.addEventListener("change", remember);
  form.addEventListener("reset", (event) => event.isTrusted && setTimeout(remember));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("open").addEventListener("click", () => {
    for (const { item } of items) if (!item.hidden) item.firstElementChild.open = true;
  });
  document.getElementById("close").addEventListener("click", () => {
    for (const { item } of items) item.firstElementChild.open = false;
  });
  addEventListener("hashchange", follow);
  addEventListener("DOMContentLoaded", follow);
  document.getElementById("unscripted").hidden = true;
  form.hidden = false;
  filter();
  performance.mark("ready");
})();
