(function () {
  "use strict";
  var bar = document.getElementById("switch");
  var buttons = bar.querySelectorAll("button");
  function choose(q) {
    document.querySelectorAll("[data-q]").forEach(function (block) {
      block.hidden = block.getAttribute("data-q") !== q;
    });
    buttons.forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-choose") === q));
    });
  }
  buttons.forEach(function (button) {
    button.addEventListener("click", function () {
      choose(button.getAttribute("data-choose"));
    });
  });
  bar.hidden = false;
  choose("0.01");
})();
