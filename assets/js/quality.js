// The quality page: a queue of findings, decided by key. A fix is an ordinary edit, so it can be taken back.
import { ours } from "./base.js";
import { failure, toast, typing } from "./shell.js";

const cards = document.querySelector("[data-cards]");
const dataset = document.body.dataset.dataset;
const said = [];
let going = 0;

const all = () => [...cards.querySelectorAll(".card")];
const waiting = () => document.querySelector(`.panel [data-kind="${cards.dataset.kind}"] [data-waiting]`);

function left(change) {
  const place = waiting(), now = Number(place.textContent.replace(/\D/g, "")) + change;
  place.textContent = now.toLocaleString("en-US");
  document.querySelector("[data-left]").textContent = `${now.toLocaleString("en-US")} wait`;
}

async function ask(key, decision) {
  const body = JSON.stringify({ key, decision });
  const answer = await fetch(ours(`/api/v1/datasets/${dataset}/quality/decisions`), { method: "POST", headers: { "content-type": "application/json" }, body }).catch(() => null);
  if (answer?.ok) return answer.json();
  toast(answer ? await failure(answer) : "The server does not answer. Is Tator still running?", true);
  return null;
}

/** Cards that are not on their way out. */
const open = () => all().filter((card) => !("going" in card.dataset));

async function decide(card, decision) {
  if ("going" in card.dataset || (decision === "fix" && !card.querySelector("[value=fix]"))) return;
  const others = open(), next = others[others.indexOf(card) + 1] ?? others[others.indexOf(card) - 1];
  card.dataset.going = "";
  next?.focus();
  going += 1;
  const answer = await ask(card.dataset.key, decision);
  going -= 1;
  if (!answer) { delete card.dataset.going; card.focus(); return; }
  said.push({ card, next: card.nextElementSibling });
  card.remove();
  left(-1);
  if (going === 0 && all().length === 0) location.reload();
}

async function takeBack() {
  const last = said.pop();
  if (!last) { toast("Nothing was decided on this page yet."); return; }
  const { card, next } = last;
  if (!await ask(card.dataset.key, "open")) { said.push(last); return; }
  delete card.dataset.going;
  cards.insertBefore(card, next?.parentElement === cards ? next : null);
  card.focus();
  left(1);
}

function across() {
  const [first, ...rest] = all();
  const row = rest.findIndex((card) => card.offsetTop !== first.offsetTop);
  return row < 0 ? rest.length + 1 : row + 1;
}

const steps = { ArrowLeft: () => -1, ArrowRight: () => 1, ArrowUp: () => -across(), ArrowDown: () => across() };
const words = { k: "keep", f: "fix", s: "skip" };

function keys(event) {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase(), card = document.activeElement.closest?.(".card") ?? null;
  if (key === "u") { event.preventDefault(); takeBack(); return; }
  if (steps[event.key]) {
    event.preventDefault();
    const list = open();
    (card ? list[list.indexOf(card) + steps[event.key]()] : list[0])?.focus();
    return;
  }
  if (!card) return;
  if (words[key]) { event.preventDefault(); decide(card, words[key]); }
  else if (key === "e" || (event.key === "Enter" && document.activeElement === card)) { event.preventDefault(); card.querySelector("[data-open]").click(); }
}

if (cards) {
  document.addEventListener("keydown", keys);
  cards.addEventListener("submit", (event) => {
    event.preventDefault();
    decide(event.target.closest(".card"), event.submitter.value);
  });
  all()[0]?.focus({ preventScroll: true });
}
