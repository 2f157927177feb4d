const COLOURS = "kenning-lego-colours";

// Pages that were opened from disk may have no storage; then the choice lasts as long as the page.
function storedColours() {
  try {
    return localStorage.getItem(COLOURS);
  } catch {
    return null;
  }
}

function useColours(choice) {
  const known = choice === "light" || choice === "dark";
  if (known) document.documentElement.dataset.colours = choice;
  else delete document.documentElement.dataset.colours;
  return known ? choice : "auto";
}

function colourSwitch() {
  const names = { auto: "Auto", light: "Light", dark: "Dark" };
  const options = Object.entries(names).map(([value, text]) => make("option", { value }, text));
  const choice = make("select", {}, ...options);
  choice.value = useColours(storedColours());
  choice.addEventListener("change", () => {
    useColours(choice.value);
    try {
      localStorage.setItem(COLOURS, choice.value);
    } catch {
      // Nothing to remember it in.
    }
  });
  const label = make("label", { class: "colours" }, "Colours ", choice);
  document.querySelector("header").prepend(label);
}
