// The shop works without this file. It adds comfort, and the one event that a server cannot see: that a shelf or an offer was on the screen.
(() => {
  "use strict";

  const sort = document.getElementById("sort");
  if (sort) sort.addEventListener("change", () => sort.form.submit());

  const knows = document.getElementById("knows");
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || !knows || !knows.open) return;
    knows.open = false;
    knows.querySelector("summary").focus();
  });
  const open = () => { if (knows && location.hash === "#knows") knows.open = true; };
  addEventListener("hashchange", open);
  open();

  if (!("IntersectionObserver" in window)) return;
  const seen = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      seen.unobserve(entry.target);
      if (!window.sk || !window.sk.track) continue;
      const { recommendation, placement, impression } = entry.target.dataset;
      if (impression) window.sk.track("Promotion Viewed", { impressionId: impression });
      else window.sk.track("Recommendation Viewed", { recommendationId: recommendation, placement });
    }
  }, { threshold: 0.5 });
  for (const shelf of document.querySelectorAll("[data-recommendation], [data-impression]")) seen.observe(shelf);
})();
