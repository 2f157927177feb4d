// Rows, bricks and marks of one thing are shown together: the one that is pointed at, or focused,
// lights the others up.
function tieSubjects() {
  let bySubject = null;
  let shown = [];
  const find = () => {
    bySubject = new Map();
    for (const element of document.querySelectorAll("[data-about]")) {
      const subject = element.dataset.about;
      if (!bySubject.has(subject)) bySubject.set(subject, []);
      bySubject.get(subject).push(element);
    }
  };
  let current = null;
  const show = (event) => {
    const element = event.target.closest?.("[data-about]");
    const subject = element ? element.dataset.about : null;
    if (subject === current) return;
    current = subject;
    for (const each of shown) each.classList.remove("same");
    if (!bySubject) find();
    shown = bySubject.get(subject) ?? [];
    for (const each of shown) each.classList.add("same");
    // Whoever stands alone has nothing to be told apart from.
    document.body.classList.toggle("tied", shown.length > 1);
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
}
