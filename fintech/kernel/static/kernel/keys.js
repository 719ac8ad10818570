// Queues of the back office by keyboard: a letter presses the button, or goes to the field,
// that names it (data-key). Escape leaves a field.
(() => {
  "use strict";
  document.addEventListener("keydown", (event) => {
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const named = document.querySelector(`[data-key="${CSS.escape(event.key.toLowerCase())}"]`);
    if (!named) return;
    event.preventDefault();
    if (named.tagName === "INPUT") named.focus();
    else named.click();
  });
})();
