// Before anything is painted: the theme that was chosen, if one was. Without a choice the system's setting holds.
(function () {
  try {
    const theme = localStorage.getItem('jackdaw.theme');
    if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  } catch { /* no storage: the system's setting */ }
})();
