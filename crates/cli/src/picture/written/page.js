"use strict";
// Everything is written as text, never as markup: names and tags are other people's words.
const facts = JSON.parse(document.getElementById("facts").textContent);
const panel = document.getElementById("panel");
let opener = null;

function make(tag, text, className) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function section(title, element) {
  panel.append(make("h3", title), element);
}

// Long names may go on in the next line behind their underscores.
function breakable(cell) {
  if (typeof cell !== "string") return [cell];
  const parts = cell.split(/(?<=_)/);
  return parts.flatMap((part, index) => (index ? [make("wbr"), part] : [part]));
}

function table(rows) {
  const table = make("table");
  for (const cells of rows) {
    const row = table.insertRow();
    for (const cell of cells) row.insertCell().append(...breakable(cell));
  }
  return table;
}

function list(items) {
  const list = make("ul");
  for (const item of items) {
    const entry = make("li");
    entry.append(...[].concat(item));
    list.append(entry);
  }
  return list;
}

function link(name) {
  if (!facts.things[name] && !facts.boxes[name]) return document.createTextNode(name);
  const button = make("button", name, "link");
  button.type = "button";
  button.addEventListener("click", () => show(name));
  return button;
}

function boxOf(name) {
  const boxes = [...document.querySelectorAll("[data-name]")];
  return boxes.find((box) => box.dataset.name === name)
    || boxes.find((box) => (facts.boxes[box.dataset.name] || []).includes(name));
}

function change(about) {
  if (!about.change) return;
  panel.append(make("span", about.change.word.replace("-", " "), "badge " + about.change.word));
  const rows = about.change.attributes.map(([path, before, after]) => {
    const cell = make("span");
    if (before !== "(none)") cell.append(make("del", before), " → ");
    cell.append(make("ins", after));
    return [path, cell];
  });
  if (rows.length) section("Changes", table(rows));
}

function thing(name, about) {
  panel.append(make("p", about.what));
  if (about.place) panel.append(make("p", about.place));
  change(about);
  if (about.rules.length) {
    section("Rules", table(about.rules.map((rule) => [rule.direction, rule.traffic, rule.peers])));
  }
  if (about.sentences.length) {
    section("Expected", list(about.sentences.map((sentence) => [
      make("span", sentence.verdict, "badge " + sentence.verdict), " " + sentence.text,
      ...sentence.evidence.map((line) => make("small", line)),
    ])));
  }
  if (about.attributes.length) section("Attributes", table(about.attributes));
  if (about.tags.length) section("Tags", table(about.tags));
  if (about.uses.length) section("Uses", list(about.uses.map(link)));
  if (about.used_by.length) section("Used by", list(about.used_by.map(link)));
}

function show(name) {
  const about = facts.things[name];
  panel.replaceChildren();
  const close = make("button", "Close", "close");
  close.type = "button";
  close.addEventListener("click", hide);
  panel.append(close, make("h2", name));
  if (about) thing(name, about);
  else section("Stands for", list((facts.boxes[name] || []).map(link)));
  document.querySelectorAll(".chosen").forEach((box) => box.classList.remove("chosen"));
  const box = boxOf(name);
  if (box) box.classList.add("chosen");
  panel.hidden = false;
  // In a narrow window the panel covers what was chosen.
  if (box) box.scrollIntoView({ block: "nearest", inline: "nearest" });
  panel.scrollTop = 0;
  panel.focus();
}

function hide() {
  panel.hidden = true;
  document.querySelectorAll(".chosen").forEach((box) => box.classList.remove("chosen"));
  if (opener) opener.focus();
}

function open(event) {
  const box = event.target.closest("[data-name]");
  if (!box) return;
  event.preventDefault();
  opener = box;
  const name = box.dataset.name;
  const members = facts.boxes[name] || [];
  show(members.length === 1 ? members[0] : name);
}

document.querySelector("main").addEventListener("click", open);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !panel.hidden) hide();
  else if (event.key === "Enter" || event.key === " ") {
    if (event.target.closest("main [data-name]")) open(event);
  }
});
