// One key a button: whatever carries data-key is pressed by it; a list is focused.
import { typing } from "../shell.js";

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || typing(event) || event.altKey || event.ctrlKey || event.metaKey) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const place = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  if (!place) return;
  event.preventDefault();
  if (place instanceof HTMLSelectElement) place.focus();
  else place.click();
});
// After choosing a class, the keys belong to the buttons again.
for (const list of document.querySelectorAll("select[data-key]")) list.addEventListener("change", () => list.form?.querySelector("[value=other]")?.focus());
