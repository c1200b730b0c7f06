// Runs before the first paint, so that a chosen theme never flashes. Kept tiny and blocking on purpose.
(() => {
  const chosen = localStorage.getItem("theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
