// A form reached by the Back button was loaded again with a new one-time key. Restore the former key, so that it counts as
// the same form.
{
  const keys = document.querySelectorAll("input[name=form_key]");
  const navigation = performance.getEntriesByType("navigation")[0];
  const kept = history.state?.formKeys;
  if (kept && navigation?.type === "back_forward") {
    keys.forEach((input, place) => { if (kept[place]) input.value = kept[place]; });
  } else if (keys.length) {
    history.replaceState({ ...history.state, formKeys: Array.from(keys, (input) => input.value) }, "");
  }
}
