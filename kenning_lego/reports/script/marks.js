const tip = make("div", { class: "tip", role: "tooltip", id: "tip" });
tip.hidden = true;

function hideTip() {
  tip.hidden = true;
}

// Beside a point of the window, wholly within it.
function showTip(lines, x, y) {
  tip.replaceChildren(...lines.map((line) => make("span", {}, line)));
  tip.hidden = false;
  const { offsetWidth: width, offsetHeight: height } = tip;
  const room = document.documentElement.clientWidth - 8;
  const left = Math.max(8, Math.min(x + 14, room - width));
  const above = y - height - 12;
  tip.style.left = `${left}px`;
  tip.style.top = `${above < 8 ? y + 18 : above}px`;
}

// The title of a mark; the browser's own bubble for it would cover ours.
function saidOf(mark) {
  const title = mark.querySelector(":scope > title");
  if (title) {
    mark.dataset.said = title.textContent;
    title.remove();
  }
  return mark.dataset.said;
}

const MARKS = "svg :is(g, a):is(:has(> title), [data-said])";

function markAt(element) {
  const mark = element.closest?.(MARKS);
  return mark && !mark.closest(".plot") ? mark : null;
}

function showMark(mark) {
  const box = mark.getBoundingClientRect();
  showTip([saidOf(mark)], box.x + box.width / 2, box.y);
}

function markTips() {
  document.addEventListener("pointerover", (event) => {
    const mark = markAt(event.target);
    if (mark) showTip([saidOf(mark)], event.clientX, event.clientY);
    else if (!event.target.closest?.(".plotted")) hideTip();
  });
  document.addEventListener("focusin", (event) => {
    const mark = markAt(event.target);
    if (mark) showMark(mark);
    else hideTip();
  });
  document.addEventListener("scroll", hideTip, { passive: true, capture: true });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hideTip();
  });
}

// Arrow keys in a drawing go from mark to mark.
function markKeys(drawing) {
  const marks = [...drawing.querySelectorAll(MARKS)];
  let at = -1;
  const leave = () => {
    marks[at]?.classList.remove("current");
    at = -1;
    hideTip();
  };
  const step = (by) => {
    marks[at]?.classList.remove("current");
    at = (Math.max(at, by < 0 ? 0 : -1) + by + marks.length) % marks.length;
    marks[at].classList.add("current");
    showMark(marks[at]);
    say(saidOf(marks[at]));
  };
  return marks.length ? { step, leave } : null;
}
