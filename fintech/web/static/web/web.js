// What pages gain with scripts on. Everything works without this file.
(() => {
  "use strict";
  const say = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };

  // A form is sent once: a second press waits for the first answer. The server keeps its
  // own guard (a key in the form), so this is a courtesy.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    const button = event.submitter;
    if (button && form.dataset.busy) {
      button.setAttribute("aria-disabled", "true");
      button.textContent = form.dataset.busy;
      say(form.dataset.busy);
    }
    setTimeout(() => delete form.dataset.sent, 8000);
  });

  document.addEventListener("click", async (event) => {
    const copy = event.target.closest("[data-copy]");
    if (copy) {
      await navigator.clipboard.writeText(copy.dataset.copy);
      copy.querySelector("span").textContent = "Copied";
      say("Copied");
    }
    const use = event.target.closest("[data-card]");
    if (use) {
      const set = (name, value) => {
        const field = document.querySelector(`[name="${name}"]`);
        if (field && (name === "number" || !field.value)) field.value = value;
      };
      set("number", use.dataset.card.replace(/(.{4})(?=.)/g, "$1 "));
      set("expiry", use.dataset.expiry);
      set("code", use.dataset.card.startsWith("3") ? "1234" : "123");
      set("name", "Sam Test");
      set("email", "sam@example.org");
      document.querySelector("[data-pay]").focus();
      say("The form is filled with a test card");
    }
  });

  // "/" goes to the search box; Escape closes an open menu.
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const box = document.querySelector(".search input");
      if (box) {
        event.preventDefault();
        box.focus();
      }
    }
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach((menu) => {
        menu.open = false;
        menu.querySelector("summary").focus();
      });
    }
  });

  // What payers will see of a link, while it is typed.
  const preview = document.querySelector("[data-preview]");
  if (preview) {
    const field = (name) => document.querySelector(`[name="${name}"]`);
    const show = () => {
      const title = field("title").value, amount = field("amount").value;
      preview.hidden = !title && !amount;
      preview.querySelector("[data-preview-title]").textContent = title;
      preview.querySelector("[data-preview-amount]").textContent = amount
        ? `${amount} ${field("currency").value}` : "You choose";
    };
    ["title", "amount", "currency"].forEach((name) => field(name).addEventListener("input", show));
    show();
  }

  // A button says how much it moves.
  const moves = document.querySelector("[data-says-how-much]");
  if (moves) {
    const verb = moves.textContent, typed = document.querySelector('[name="amount"]');
    const tell = () => {
      const part = document.querySelector('[name="how"]:checked')?.value === "part";
      const amount = part ? (typed.value && `${typed.value} ${moves.dataset.currency}`) : moves.dataset.saysHowMuch;
      moves.textContent = amount ? `${verb} ${amount}` : verb;
    };
    moves.form.addEventListener("input", tell);
    moves.form.addEventListener("change", tell);
    tell();
  }

  // On a phone the way through the pages is a strip: show where one is.
  const here = document.querySelector(".side [aria-current]");
  const strip = here && here.closest("ul");
  if (strip && strip.scrollWidth > strip.clientWidth) {
    strip.scrollLeft = here.offsetLeft - strip.offsetLeft - (strip.clientWidth - here.offsetWidth) / 2;
  }

  const problem = document.querySelector(".problem");
  if (problem) problem.focus();
})();
