// An element with attributes and children; texts among the children stay texts.
function make(tag, attributes = {}, ...children) {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  found.append(...children);
  return found;
}

function button(text, label, action) {
  const found = make("button", { type: "button" }, text);
  if (label) found.setAttribute("aria-label", label);
  found.addEventListener("click", action);
  return found;
}

// Tells those who listen what changed on the page.
const status = make("p", { class: "unseen", role: "status" });

function say(text) {
  status.textContent = text;
}

// What a table, a drawing or a listing is called, for the labels of its controls.
function titleOf(element) {
  const section = element.closest("section");
  return section ? section.querySelector("h2").textContent.trim() : document.title;
}
