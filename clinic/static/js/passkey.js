// Passkey pages: request the credential described by the form's options from the browser, then submit the form.
// handleRegister and handleSignin come from Flask-Security's webauthn.js.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const ask = form.dataset.passkey === "create" ? handleRegister : handleSignin;
  ask(form.dataset.options).then((result) => {
    if (result.error_msg) {
      form.querySelector("[data-passkey-status]").textContent = result.error_msg;
      return;
    }
    form.elements.credential.value = result.credential;
    form.submit();
  });
}
