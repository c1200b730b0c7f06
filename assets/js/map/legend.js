// What the colours mean; a word that is pressed hides its points or shows them again.
import { between } from "./palette.js";
import { NONE, OTHERS } from "./points.js";

const grouped = (n) => n.toLocaleString("en-US");

function swatch(colour) {
  const dot = document.createElement("span");
  dot.className = "swatch";
  dot.style.background = colour;
  return dot;
}

function entry(code, word, count, colour, hidden, toggle) {
  const line = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.dataset.code = code;
  const name = document.createElement("span"), number = document.createElement("span");
  name.className = "clip";
  name.textContent = word;
  name.title = word;
  number.className = "n";
  number.textContent = grouped(count);
  button.append(swatch(colour), name, number);
  const tell = () => button.setAttribute("aria-pressed", String(!hidden.has(code)));
  button.addEventListener("click", (event) => { toggle(code, event.altKey || event.shiftKey); });
  tell();
  line.append(button);
  return line;
}

function scale(head) {
  const part = document.createElement("div"), bar = document.createElement("canvas"), ends = document.createElement("div");
  bar.width = 128;
  bar.height = 1;
  const context = bar.getContext("2d");
  for (let at = 0; at < 128; at++) { context.fillStyle = `rgb(${between(at / 127).join(" ")})`; context.fillRect(at, 0, 1, 1); }
  ends.className = "ends";
  for (const value of [head.low, head.high]) {
    const end = document.createElement("span");
    end.className = "n";
    end.textContent = value === null ? "–" : Number(value.toPrecision(4)).toLocaleString("en-US");
    ends.append(end);
  }
  part.append(bar, ends);
  return part;
}

/** Draws the legend. `hidden` is the set of hidden codes; `changed` is called after a press. */
export function legend(place, head, hidden, changed) {
  const codes = head.kind === "words" ? head.words.map((_, code) => code) : [];
  if (head.others > 0) codes.push(OTHERS);
  if (head.none > 0) codes.push(NONE);
  const toggle = (code, alone) => {
    if (alone) {
      const only = codes.every((other) => (other === code) !== hidden.has(other));
      hidden.clear();
      if (!only) for (const other of codes) if (other !== code) hidden.add(other);
    } else if (!hidden.delete(code)) {
      hidden.add(code);
    }
    for (const button of place.querySelectorAll("button[data-code]")) button.setAttribute("aria-pressed", String(!hidden.has(Number(button.dataset.code))));
    changed();
  };
  const list = document.createElement("ul");
  if (head.kind === "words") head.words.forEach((word, code) => list.append(entry(code, word.word, word.count, word.colour, hidden, toggle)));
  if (head.others > 0) list.append(entry(OTHERS, `${grouped(head.more_words)} others`, head.others, "rgb(150 150 150)", hidden, toggle));
  if (head.none > 0) list.append(entry(NONE, "none", head.none, "rgb(120 124 130)", hidden, toggle));
  place.replaceChildren(...(head.kind === "numbers" ? [scale(head), list] : [list]));
  if (codes.length > 1) {
    const hint = document.createElement("p");
    hint.className = "quiet";
    hint.textContent = "Press to hide; with Shift: only this one.";
    place.append(hint);
  }
}
