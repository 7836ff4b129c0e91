"use strict";
// Without this script everything works: the server checks the Location ID as well, and lines can be selected by hand.

const field = document.getElementById("location_id");
if (field) {
  const note = document.getElementById("location_note");
  const fault = () => {
    const typed = field.value.trim();
    if (typed === "") return "";
    if (!/^[0-9]+$/.test(typed)) return "Digits only: a Location ID is a number such as 3749.";
    if (typed.length > 9 || Number(typed) === 0) return "A Location ID has 1 to 9 digits and is not 0.";
    return null;
  };
  const show = () => {
    const found = fault();
    field.setAttribute("aria-invalid", String(Boolean(found)));
    note.classList.toggle("bad", Boolean(found));
    note.textContent = found === null ? "That has the form of a Location ID. Booker checks it after you sign in." : found;
  };
  field.addEventListener("input", show);
  field.form.addEventListener("submit", (event) => {
    const found = fault();
    if (found === null) return;
    event.preventDefault();
    show();
    if (found === "") {
      note.textContent = "Type the Location ID first.";
      note.classList.add("bad");
      field.setAttribute("aria-invalid", "true");
    }
    field.focus();
  });
}

const said = document.getElementById("copied");
for (const button of document.querySelectorAll(".copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const line = document.getElementById(button.dataset.of);
    try {
      await navigator.clipboard.writeText(line.textContent);
    } catch {
      getSelection().selectAllChildren(line);
      said.textContent = "The browser does not let this page copy. The line is selected: copy it with Ctrl-C or Cmd-C.";
      return;
    }
    for (const other of document.querySelectorAll(".copy")) other.textContent = "Copy";
    button.textContent = "Copied";
    said.textContent = `Line ${line.id.replace("line_", "")} is copied.`;
  });
}
