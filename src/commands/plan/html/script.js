"use strict";
// Search, filters and highlighting in the diagram. The page is readable without this script.
const deployments = [...document.querySelectorAll("details.deployment")];
const texts = deployments.map((one) => one.textContent.toLowerCase());
const switches = [...document.querySelectorAll("button[data-action]")];
const search = document.getElementById("search");
const found = document.getElementById("found");

function show() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const actions = new Set(switches.filter((one) => one.ariaPressed === "true").map((one) => one.dataset.action));
  let count = 0;
  deployments.forEach((one, index) => {
    const shown = actions.has(one.dataset.action) && words.every((word) => texts[index].includes(word));
    one.hidden = !shown;
    count += shown ? 1 : 0;
  });
  found.value = count === deployments.length ? `${count} in all` : `${count} of ${deployments.length}`;
  document.getElementById("none").hidden = count > 0;
}

function openAll(open) {
  deployments.filter((one) => !one.hidden).forEach((one) => (one.open = open));
}

search.addEventListener("input", show);
switches.forEach((one) => one.addEventListener("click", () => {
  one.ariaPressed = String(one.ariaPressed !== "true");
  show();
}));
document.getElementById("open").addEventListener("click", () => openAll(true));
document.getElementById("close").addEventListener("click", () => openAll(false));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) {
    event.preventDefault();
    search.focus();
  }
});

// A link in the diagram opens its deployment, even if it is filtered out.
document.querySelectorAll("svg a").forEach((link) => link.addEventListener("click", () => {
  const target = document.getElementById(link.getAttribute("href").slice(1));
  target.hidden = false;
  target.open = true;
}));

const edges = [...document.querySelectorAll(".edge")];
function mark(key, number) {
  const marked = edges.filter((edge) => edge.dataset[key] === number);
  edges.forEach((edge) => edge.classList.toggle("marked", marked.includes(edge)));
  document.querySelectorAll(".node").forEach((node) => {
    const other = node.classList.contains("step") ? "step" : "group";
    node.classList.toggle("marked", marked.some((edge) => edge.dataset[other] === node.dataset[other]));
  });
}
document.querySelectorAll(".node").forEach((node) => {
  const key = node.classList.contains("step") ? "step" : "group";
  node.addEventListener("mouseenter", () => mark(key, node.dataset[key]));
  node.addEventListener("mouseleave", () => mark(key, null));
});

document.getElementById("tools").hidden = false;
show();
