// Notebooks: each statement runs where it stands, one after the other; nothing runs that nobody asked for.
import { ours } from "./base.js";
import { failure, localTimes, toast, typing } from "./shell.js";

const blocks = [...document.querySelectorAll("[data-block]")];
const part = (block, name) => block.querySelector(`[data-${name}]`);
const told = document.querySelector("[data-told]");

/** The answer of the SQL page without its name: there may be many on this page. */
function put(block, html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const result = page.getElementById("result");
  result.removeAttribute("id");
  // Pages of rows stand below each other here; the first is enough, the SQL page has all.
  const [, ...more] = result.querySelectorAll("tbody");
  for (const body of more) body.remove();
  if (more.length > 0) result.querySelector("[data-turn]").replaceWith("100 rows are shown; the SQL page has all");
  result.querySelector(".grid")?.setAttribute("aria-label", `Rows of ${block.getAttribute("aria-label")}`);
  part(block, "result").replaceChildren(result);
  localTimes(part(block, "result"));
  return result.querySelector(".failed") === null;
}

async function run(block) {
  block.setAttribute("aria-busy", "true");
  part(block, "took").textContent = "Running…";
  const began = performance.now();
  try {
    const body = new URLSearchParams({ q: block.querySelector("textarea").value, dataset: "" });
    const answer = await fetch(ours("/sql/_result"), { method: "POST", body });
    if (!answer.ok && answer.status !== 422) throw new Error(await failure(answer));
    const right = put(block, await answer.text());
    block.dataset.state = right ? "done" : "failed";
    part(block, "took").textContent = right ? `${((performance.now() - began) / 1000).toFixed(2)} s` : "failed";
    return right;
  } catch (error) {
    block.dataset.state = "failed";
    part(block, "took").textContent = "failed";
    toast(error.message, true);
    return false;
  } finally {
    block.removeAttribute("aria-busy");
  }
}

async function runAll() {
  let right = 0;
  for (const [at, block] of blocks.entries()) {
    told.textContent = `Running ${at + 1} of ${blocks.length}`;
    if (await run(block)) right += 1;
  }
  told.textContent = right === blocks.length ? `All ${right} ran` : `${blocks.length - right} of ${blocks.length} failed`;
}

for (const block of blocks) {
  const button = part(block, "run");
  button.hidden = false;
  button.addEventListener("click", () => run(block));
  block.querySelector("textarea").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    run(block);
  });
}
const all = document.querySelector("[data-run-all]");
if (all) {
  all.hidden = false;
  all.addEventListener("click", runAll);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() === "a" && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event)) { event.preventDefault(); runAll(); }
  });
  const address = new URL(location.href);
  if (address.searchParams.get("run") === "all") {
    // Going back to the page must not run everything again.
    address.searchParams.delete("run");
    history.replaceState(history.state, "", address);
    runAll();
  }
}
