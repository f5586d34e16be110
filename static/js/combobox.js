// A field that is completed as one types, after the ARIA combobox pattern. The server sends the options; this
// shows them, moves through them and takes one. The focus stays in the field.
const SHORTEST = 2;

const complete = (field) => {
  const list = document.getElementById(field.getAttribute("aria-controls"));
  const popup = list.parentElement;
  const note = popup.querySelector("[role=status]");
  let active = null;
  let taken = null;

  const options = () => [...list.querySelectorAll("[role=option]")];

  const activate = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", String(other === option));
    active = option?.dataset.symbol ?? null;
    if (option) field.setAttribute("aria-activedescendant", option.id);
    else field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };

  const show = (open) => {
    popup.hidden = !open;
    field.setAttribute("aria-expanded", String(open && options().length > 0));
    if (!open) activate(null);
  };

  const take = (option) => {
    taken = field.value = option.dataset.symbol;
    show(false);
  };

  const move = (step) => {
    const all = options();
    const at = all.findIndex((option) => option.dataset.symbol === active);
    activate(all[at < 0 && step < 0 ? all.length - 1 : (at + step + all.length) % all.length]);
  };

  field.addEventListener("symbols-found", ({ detail }) => {
    const before = active;
    options().forEach((option, at) => { option.id = `${list.id}-${at + 1}`; });
    note.textContent = detail.message;
    const wanted = field.value !== taken && field.value.trim().length >= SHORTEST;
    show(wanted && document.activeElement === field);
    activate(options().find((option) => option.dataset.symbol === before));
  });

  field.addEventListener("keydown", (event) => {
    const chosen = options().find((option) => option.dataset.symbol === active);
    if (popup.hidden || !options().length) return;
    if (event.key === "ArrowDown") move(1);
    else if (event.key === "ArrowUp") move(-1);
    else if (event.key === "Escape") show(false);
    else if (event.key === "Enter" && chosen) take(chosen);
    else return;
    event.preventDefault();
  });

  field.addEventListener("input", () => { taken = null; });
  field.addEventListener("blur", () => show(false));
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
};

document.querySelectorAll("[data-combobox]").forEach(complete);
