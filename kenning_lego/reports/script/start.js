// Before anything is painted, so that the page does not change its colours.
useColours(storedColours());

document.addEventListener("DOMContentLoaded", () => {
  document.body.append(status, tip);
  colourSwitch();
  followSections();
  tableControls();
  listingControls();
  drawingControls();
  tieSubjects();
});
