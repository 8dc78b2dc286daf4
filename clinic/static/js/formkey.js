// A page restored from the browser history is the same form even if it was fetched again, so it gets its old key back.
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
