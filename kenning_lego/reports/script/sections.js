// Marks the link to the section that is being read.
function followSections() {
  const nav = document.querySelector("nav");
  const links = new Map();
  for (const link of nav.querySelectorAll("a")) {
    const section = document.getElementById(link.hash.slice(1));
    if (section) links.set(section, link);
  }
  const inside = new Set();
  let marked = null;
  const mark = () => {
    const current = [...links.keys()].find((section) => inside.has(section));
    const link = current ? links.get(current) : null;
    if (link === marked) return;
    if (marked) marked.removeAttribute("aria-current");
    marked = link;
    if (!link) return;
    link.setAttribute("aria-current", "true");
    const list = link.closest("ul");
    const beside = link.offsetLeft - list.offsetLeft - (list.clientWidth - link.offsetWidth) / 2;
    list.scrollTo({ left: beside, behavior: "instant" });
  };
  const watch = (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) inside.add(target);
      else inside.delete(target);
    }
    mark();
  };
  // A section is read when it reaches into a band below the top of the window.
  const observer = new IntersectionObserver(watch, { rootMargin: "-15% 0px -75% 0px" });
  for (const section of links.keys()) observer.observe(section);
}
