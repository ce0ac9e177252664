// Runs before the first paint, so that a remembered choice of colours does not flash.
const chosenTheme = localStorage.getItem("workspace-theme");
if (chosenTheme === "light" || chosenTheme === "dark") document.documentElement.dataset.theme = chosenTheme;
