// What the pages do beyond forms and links. Everything here is an extra: without it the pages work.
"use strict";

// Times: the server writes UTC, a reader wants the own clock.
const clocks = {
  day: { day: "numeric", month: "short", year: "numeric" },
  minute: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" },
  second: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" },
};
function setClocks(root) {
  for (const el of root.querySelectorAll("time[data-clock]")) {
    const at = new Date(el.dateTime);
    if (isNaN(at)) continue;
    el.title = el.textContent;
    el.textContent = at.toLocaleString("en-GB", clocks[el.dataset.clock]);
    delete el.dataset.clock;
  }
}

// Forms that cannot be taken back ask once more.
document.addEventListener("submit", (e) => {
  const ask = e.submitter?.dataset.confirm || e.target.dataset.confirm;
  if (ask && !window.confirm(ask)) e.preventDefault();
});

// What is wrong with a field is read out with it, and the first such field has the focus.
document.querySelectorAll(".field > .wrong").forEach((why, i) => {
  const field = why.parentNode.querySelector("input, select, textarea");
  if (!field) return;
  why.id = "wrong-" + i;
  field.setAttribute("aria-invalid", "true");
  field.setAttribute("aria-describedby", [field.getAttribute("aria-describedby"), why.id].filter(Boolean).join(" "));
  if (i === 0) field.focus();
});

// A tap on an example puts it into the field.
document.addEventListener("click", (e) => {
  const chip = e.target.closest("[data-insert]");
  if (!chip) return;
  const field = document.getElementById(chip.dataset.into);
  if (!field) return;
  if (chip.dataset.mode === "replace") field.value = chip.dataset.insert;
  else field.setRangeText(chip.dataset.insert, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

// Completion of names in a condition or template: a list box under the field, by keyboard and by mouse (a text field of several lines may be no ARIA combobox; it says that it has a list, and which entry is active).
function complete(field) {
  const names = JSON.parse(document.getElementById(field.dataset.complete).textContent);
  const box = document.createElement("ul");
  box.id = field.id + "-names";
  box.hidden = true;
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", "Names that fit");
  field.after(box);
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-haspopup", "listbox");
  field.setAttribute("aria-controls", box.id);
  let at = -1;
  const word = () => field.value.slice(0, field.selectionStart).match(/[A-Za-z_][\w.]*$/)?.[0] ?? "";
  const close = () => { box.hidden = true; at = -1; field.removeAttribute("aria-activedescendant"); };
  const mark = (i) => {
    at = i;
    [...box.children].forEach((li, n) => li.setAttribute("aria-selected", n === i));
    if (i >= 0) { field.setAttribute("aria-activedescendant", box.children[i].id); box.children[i].scrollIntoView({ block: "nearest" }); }
  };
  const take = (i) => {
    const typed = word();
    const insert = names[box.children[i].dataset.name].insert;
    field.setRangeText(insert, field.selectionStart - typed.length, field.selectionStart, "end");
    close();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const open = (all) => {
    const typed = word().toLowerCase();
    const fit = names.map((n, i) => [n, i]).filter(([n]) => (typed || all) && n.name.toLowerCase().includes(typed) && n.insert.toLowerCase() !== typed).slice(0, 12);
    box.replaceChildren(...fit.map(([n, i], k) => {
      const li = document.createElement("li");
      li.id = box.id + k;
      li.dataset.name = i;
      li.setAttribute("role", "option");
      const code = document.createElement("code"), doc = document.createElement("small");
      code.textContent = n.name;
      doc.textContent = n.doc;
      li.append(code, doc);
      return li;
    }));
    if (!fit.length) return close();
    box.hidden = false;
    mark(-1);
  };
  field.addEventListener("input", () => open(false));
  field.addEventListener("blur", () => setTimeout(close, 150));
  field.addEventListener("keydown", (e) => {
    if (e.key === " " && e.ctrlKey) { e.preventDefault(); return open(true); }
    if (box.hidden) return;
    if (e.key === "ArrowDown" || e.key === "ArrowUp") { e.preventDefault(); const n = box.children.length; mark((at + (e.key === "ArrowDown" ? 1 : n + (at < 0 ? 0 : -1))) % n); }
    else if ((e.key === "Enter" || e.key === "Tab") && at >= 0) { e.preventDefault(); take(at); }
    else if (e.key === "Escape") { e.preventDefault(); close(); }
  });
  box.addEventListener("mousedown", (e) => { const li = e.target.closest("li"); if (li) { e.preventDefault(); take([...box.children].indexOf(li)); } });
}

document.querySelectorAll("[data-complete]").forEach(complete);
setClocks(document);
new MutationObserver((changes) => { for (const c of changes) for (const n of c.addedNodes) if (n.nodeType === 1) setClocks(n.matches("time") ? n.parentNode : n); }).observe(document.body, { childList: true, subtree: true });
