/**
 * What nobody should have to find on a screen, asked of the page itself: runs in the browser, and is given its answer as sentences.
 * Words cut off or broken in the middle, headings that leave out a level, what can be pressed or filled in without a name.
 */
export function faultsOfScreen() {
  const faults = [];
  const isSeen = (element) => element.checkVisibility() && element.closest(".unseen, [hidden]") === null;
  const nameOf = (element) => element.textContent?.trim().slice(0, 40) ?? "";

  const wide = document.documentElement.scrollWidth - window.innerWidth;
  if (wide > 0) faults.push(`${wide} px wider than the window`);

  const headings = [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].filter((one) => one.checkVisibility());
  const levels = headings.map((one) => Number(one.tagName.slice(1)));
  if (levels.filter((level) => level === 1).length !== 1) faults.push("not one h1");
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1) faults.push(`h${level} leaves out a level: ${nameOf(headings[index])}`);
  });

  for (const element of document.querySelectorAll("button, a[href], input, select")) {
    if (!element.checkVisibility()) continue;
    const labels = (element.getAttribute("aria-labelledby") ?? "").split(" ").map((id) => document.getElementById(id));
    const name = [element.getAttribute("aria-label"), element.textContent, ...labels.map((one) => one?.textContent)];
    const label = element.labels?.length ?? 0;
    if (!name.some((words) => words?.trim()) && label === 0) faults.push(`no name: ${element.outerHTML.slice(0, 80)}`);
  }

  for (const element of document.querySelectorAll("body *")) {
    if (!isSeen(element) || getComputedStyle(element).overflowX === "visible" || element.clientWidth < 2) continue;
    const over = element.scrollWidth - element.clientWidth;
    if (over > 1) faults.push(`${over} px cut at the side: ${nameOf(element)}`);
  }

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || !isSeen(parent) || parent.closest("script, style")) continue;
    for (const { 0: word, index } of node.data.matchAll(/\p{L}{2,18}/gu)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) faults.push(`broken: ${word}`);
    }
  }
  return faults;
}
