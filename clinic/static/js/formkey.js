// A page that comes back from the history is the same form, although it was fetched anew: give it its key again.
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
