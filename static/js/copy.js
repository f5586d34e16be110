// A button with data-copy="<id>" copies that field's text; it stays hidden where scripts do not run.
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  button.hidden = false;
  button.addEventListener("click", async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      button.textContent = "Copied";
    } catch {
      // Browsers keep the clipboard from pages without HTTPS; what is selected can still be copied by hand.
      button.textContent = "Selected: press Ctrl+C";
    }
  });
}
