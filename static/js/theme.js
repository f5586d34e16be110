// Light or dark. A classic script in the head, so that the choice stands before the first paint.
(() => {
  const root = document.documentElement;
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const kept = () => {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null; // storage is forbidden: the system's choice holds
    }
  };
  const keep = (theme) => {
    try {
      if (theme) localStorage.setItem("theme", theme);
      else localStorage.removeItem("theme");
    } catch {
      // the choice then lasts as long as the page
    }
  };
  const systemTheme = () => (system.matches ? "dark" : "light");
  const show = (theme) => {
    root.dataset.theme = theme;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-pressed", String(theme === "dark"));
    }
    document.dispatchEvent(new CustomEvent("themechange"));
  };

  show(kept() ?? systemTheme());
  system.addEventListener("change", () => show(kept() ?? systemTheme()));
  document.addEventListener("DOMContentLoaded", () => {
    show(root.dataset.theme);
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.hidden = false;
      button.addEventListener("click", () => {
        const chosen = root.dataset.theme === "dark" ? "light" : "dark";
        keep(chosen === systemTheme() ? null : chosen);
        show(chosen);
      });
    }
  });
})();
