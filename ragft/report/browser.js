// Searches the questions. Without it they are all listed, fifty to a heading.
(() => {
  const root = document.getElementById("browser");
  const form = root.querySelector("form"), text = form.querySelector("input");
  const selects = [...form.querySelectorAll("select")], count = form.querySelector("output");
  const pages = [...root.querySelectorAll(".page")].map(page => ({
    page, items: [...page.querySelectorAll(".question")].map(item => ({
      item, tags: item.dataset.tags.split(" "), words: null
    }))
  }));
  const total = pages.reduce((n, p) => n + p.items.length, 0);

  function filter() {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const tags = selects.map(s => s.value).filter(Boolean);
    const active = words.length + tags.length > 0;
    let found = 0;
    pages.forEach(({page, items}, number) => {
      const before = found;
      for (const i of items) {
        if (words.length && i.words === null) i.words = i.item.textContent.toLowerCase();
        const match = tags.every(t => i.tags.includes(t)) && words.every(w => i.words.includes(w));
        i.item.hidden = !match;
        if (match) found++;
      }
      page.hidden = found === before;
      page.open = active ? before < 50 : number === 0;
      page.querySelector(".matches").textContent = active && found > before ? ", " + (found - before) + " match" : "";
    });
    count.textContent = found + " of " + total + " questions";
  }

  // A link to a question opens what it lies in.
  function follow() {
    const target = /^#q\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!target) return;
    if (target.hidden) { form.reset(); filter(); }
    for (let at = target; at; at = at.parentElement) if (at.tagName === "DETAILS") at.open = true;
    target.scrollIntoView();
  }

  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  form.addEventListener("submit", event => event.preventDefault());
  window.addEventListener("hashchange", follow);
  form.hidden = false;
  filter();
  follow();
})();
