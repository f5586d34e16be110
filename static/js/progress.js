// Says a new stage to screen readers once, though the progress is replaced every few seconds.
const voice = document.querySelector("[data-announce]");
const announce = () => {
  const stage = document.getElementById("progress")?.dataset.stage;
  if (stage && voice.textContent !== stage) voice.textContent = stage;
};
document.addEventListener("htmx:afterSettle", announce);
announce();
