// The SQL page: run and stop, pages of rows, inserting names, saving and exporting.
import { ours } from "./base.js";
import { failure, localTimes, toast } from "./shell.js";
import { sqlEditor } from "./sql-editor.js";

const form = document.getElementById("ask");
const area = document.getElementById("statement");
const part = (name) => document.querySelector(`[data-${name}]`);
let running = null;

const place = part("editor");
place.hidden = false;
area.hidden = true;
const editor = sqlEditor(place, {
  text: area.value,
  schema: JSON.parse(form.getAttribute("data-schema")),
  run: () => run(),
  changed: () => { area.value = editor.text(); editor.forgive(); document.getElementById("result").classList.add("stale"); keepDraft(); },
});

// What was being written survives a visit elsewhere; an address with a statement wins.
function keepDraft() {
  sessionStorage.setItem("sql-draft", area.value);
}
if (area.value === "" && sessionStorage.getItem("sql-draft")) editor.write(sessionStorage.getItem("sql-draft"));

function show(html) {
  document.getElementById("result").outerHTML = html;
  const failed = document.querySelector("#result .failed");
  if (failed?.dataset.line) editor.blame(Number(failed.dataset.line), Number(failed.dataset.column), failed.querySelector("pre").textContent.split("\n")[0]);
  localTimes(document.getElementById("result"));
  turning();
}

function busy(on) {
  part("run").hidden = on;
  part("stop").hidden = !on;
  form.setAttribute("aria-busy", String(on));
}

async function run() {
  stop();
  const mine = new AbortController();
  running = mine;
  const began = performance.now();
  const clock = setInterval(() => { part("running").textContent = `${((performance.now() - began) / 1000).toFixed(1)} s`; }, 100);
  busy(true);
  editor.forgive();
  const statement = editor.chosen();
  remember();
  try {
    const body = new URLSearchParams({ q: statement, dataset: form.elements.dataset.value });
    const answer = await fetch(ours("/sql/_result"), { method: "POST", body, signal: mine.signal });
    if (answer.ok || answer.status === 422) show(await answer.text());
    else toast(await failure(answer), true);
    part("running").textContent = document.querySelector("#result [data-rows]")?.textContent ?? "";
  } catch (error) {
    if (error.name !== "AbortError") toast("The server does not answer. Is Tator still running?", true);
    part("running").textContent = error.name === "AbortError" ? "Stopped" : "";
  } finally {
    clearInterval(clock);
    if (running === mine) { running = null; busy(false); }
    setTimeout(() => { if (!running) part("running").textContent = ""; }, 2500);
  }
}

/** The dropped request makes the server interrupt the statement. */
function stop() {
  running?.abort();
}

function remember() {
  const next = new URL(location.pathname, location.href);
  if (form.elements.dataset.value) next.searchParams.set("dataset", form.elements.dataset.value);
  next.searchParams.set("q", area.value);
  if (next.href.length < 8000) history.replaceState(history.state, "", next);
}

/** Shows one page of rows at a time; without scripts they all stand below each other. */
function turning() {
  const turn = document.querySelector("#result [data-turn]");
  if (!turn) return;
  const bodies = [...document.querySelectorAll("#result tbody")];
  let at = 0;
  const tell = () => {
    bodies.forEach((body, n) => { body.hidden = n !== at; });
    const first = bodies[at].querySelector(".at").textContent;
    turn.querySelector("[data-shown]").textContent = `${first}–${bodies[at].rows[bodies[at].rows.length - 1].cells[0].textContent}`;
    turn.querySelector("[data-back]").disabled = at === 0;
    turn.querySelector("[data-on]").disabled = at === bodies.length - 1;
    document.querySelector("#result .grid").scrollTop = 0;
  };
  turn.addEventListener("click", (event) => {
    if (event.target.closest("[data-back]")) at -= 1;
    else if (event.target.closest("[data-on]")) at += 1;
    else return;
    tell();
  });
  turn.hidden = false;
  tell();
}

async function keep() {
  const name = document.getElementById("save-name").value.trim();
  if (!name) { document.getElementById("save-name").focus(); return; }
  const answer = await fetch(ours("/api/v1/queries"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ name, sql: area.value }) });
  if (!answer.ok) { toast(await failure(answer), true); return; }
  remember();
  location.reload();
}

async function forget(name) {
  const answer = await fetch(ours(`/api/v1/queries/${encodeURIComponent(name)}`), { method: "DELETE" });
  if (!answer.ok) { toast(await failure(answer), true); return; }
  const line = document.querySelector(`[data-forget="${CSS.escape(name)}"]`).closest("li");
  if (line.parentElement.children.length === 1) line.closest("section").remove();
  else line.remove();
  toast(`${name} was deleted.`);
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.hasAttribute("data-export")) return;
  event.preventDefault();
  run();
});
part("stop").addEventListener("click", stop);
part("keep").addEventListener("click", keep);
part("save").hidden = false;
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running) { event.preventDefault(); stop(); }
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !event.defaultPrevented) { event.preventDefault(); run(); }
  if (event.key === "/" && event.target === document.body) { event.preventDefault(); editor.focus(); }
});
document.querySelector(".desk").addEventListener("click", (event) => {
  const insert = event.target.closest("[data-insert]");
  if (insert) editor.insert(insert.dataset.insert);
  const gone = event.target.closest("[data-forget]");
  if (gone) forget(gone.dataset.forget);
  const open = event.target.closest("[data-statement]");
  if (!open || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  editor.write(open.dataset.statement);
  document.getElementById("save-name").value = open.dataset.name ?? "";
  remember();
  editor.focus();
});
turning();
if (document.querySelector("#result .failed[data-line]")) {
  const { line, column } = document.querySelector("#result .failed").dataset;
  editor.blame(Number(line), Number(column), document.querySelector("#result .failed pre").textContent.split("\n")[0]);
}
