// Some browsers have no clipboard for pages from disk; what is selected can be copied by hand.
async function copy(text, listing) {
  try {
    await navigator.clipboard.writeText(text);
    return "Copied";
  } catch {
    getSelection().selectAllChildren(listing);
    return "Selected";
  }
}

function listingControls() {
  for (const listing of document.querySelectorAll("pre")) {
    const press = button("Copy", "", async () => {
      const done = await copy(listing.textContent, listing);
      press.textContent = done;
      say(done);
      setTimeout(() => {
        press.textContent = "Copy";
      }, 2000);
    });
    listing.before(make("div", { class: "tools copy" }, press));
  }
}
