/* Soulcaster's feedback widget: a button that opens a project's public form in a dialog.
 *
 *   <script src="https://feedback.example.com/widget.js" data-project="mobile-app" async></script>
 *
 * data-button="#selector"  an element of the page opens the form; no button is added
 * data-label="Feedback"    the words on the added button
 *
 * No cookie, no storage, no request before somebody opens the form. The form is told which page it was opened on,
 * without query and fragment. The project's settings must name the page's origin. */
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !script.dataset.project) return;
  var base = new URL(script.src).origin;
  var label = script.dataset.label || "Feedback";
  var dialog, opener;

  function styled(name, styles) {
    var e = document.createElement(name);
    Object.assign(e.style, styles);
    return e;
  }

  function close() {
    dialog.close();
  }

  function build() {
    dialog = styled("dialog", {
      width: "min(38rem, calc(100vw - 2rem))", height: "min(40rem, calc(100vh - 2rem))", padding: "0", border: "0",
      borderRadius: "12px", overflow: "hidden", boxShadow: "0 10px 40px rgba(0,0,0,.35)"
    });
    dialog.setAttribute("aria-label", label);
    var x = styled("button", {
      position: "absolute", top: ".5rem", right: ".5rem", width: "2.25rem", height: "2.25rem", border: "0", borderRadius: "8px",
      background: "#191c22", color: "#fff", font: "1.25rem/1 system-ui, sans-serif", cursor: "pointer"
    });
    x.type = "button";
    x.textContent = "\u00d7";
    x.setAttribute("aria-label", "Close");
    x.addEventListener("click", close);
    dialog.addEventListener("click", function (event) {
      if (event.target === dialog) close();
    });
    dialog.addEventListener("close", function () {
      dialog.querySelector("iframe").remove();
      if (opener) opener.focus();
    });
    dialog.append(x);
    document.body.append(dialog);
  }

  function open(event) {
    opener = event && event.currentTarget;
    if (!dialog) build();
    if (dialog.open) return;
    var frame = styled("iframe", { width: "100%", height: "100%", border: "0", display: "block" });
    frame.title = label;
    frame.src = base + "/f/" + encodeURIComponent(script.dataset.project) +
      "?page=" + encodeURIComponent(location.origin + location.pathname);
    dialog.append(frame); // behind the button, which has the focus first: Escape closes, Tab leads into the form
    dialog.showModal();
  }

  function start() {
    var button = script.dataset.button && document.querySelector(script.dataset.button);
    if (!button) {
      button = styled("button", {
        position: "fixed", right: "1rem", bottom: "1rem", zIndex: "2147483000", padding: ".6rem 1rem", border: "0",
        borderRadius: "999px", background: "#4a51c4", color: "#fff", font: "600 1rem/1.2 system-ui, sans-serif",
        cursor: "pointer", boxShadow: "0 2px 10px rgba(0,0,0,.3)"
      });
      button.type = "button";
      button.textContent = label;
      document.body.append(button);
    }
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", open);
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
